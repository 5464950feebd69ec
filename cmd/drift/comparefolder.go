package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"drift/bench/compare"
	"drift/bench/study"
	"drift/cmd/drift/internal/machine"
	"drift/data"
	"drift/data/atomicfile"
	"drift/optim"
	"drift/optim/rundir"
)

// finishedFolder is the part of a comparison's folder with what is finished of it.
const finishedFolder = compare.FinishedFolder

// copies makes a process that is not the first work in a copy of the folder.
func (c *comparison) copies() (err error) {
	if !c.group.First() {
		c.address = ""
	}
	folder := &c.out
	if c.resume != "" {
		folder = &c.resume
	}
	*folder, err = c.replica(*folder)
	return err
}

// folder prepares the folder of a comparison, a new one's or that of the one to go on with, and holds it for this process.
func (c *comparison) folder(flags *pflag.FlagSet) (lock io.Closer, err error) {
	if c.resume != "" {
		if c.shard.Of > 0 {
			return nil, usagef("--resume does all that is missing: leave --shard out, or start the shard again with its settings")
		}
		return c.goOn(flags)
	}
	config, err := c.begin(flags)
	if err != nil {
		return nil, err
	}
	if err := c.refuseOthers(config); err != nil {
		return nil, err
	}
	if err := prepareFolder(c.out, "compare.json"); err != nil {
		return nil, err
	}
	if c.shard.Of > 0 {
		return nobody{}, c.join(config)
	}
	if lock, err = c.hold(); err != nil {
		return nil, err
	}
	empty, err := c.kept.Empty()
	if err == nil && !empty {
		err = fmt.Errorf("preparing the folder %s for results: it holds a comparison that was cut short: go on with --resume %s, name another folder with --out, or delete %s",
			c.out, c.out, filepath.Join(c.out, finishedFolder))
	}
	if err == nil { // first: a folder of what is finished that has no settings could not be gone on with
		err = c.writeConfig(config)
	}
	if err == nil {
		err = c.kept.Make()
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

func (c *comparison) writeConfig(config string) error {
	return atomicfile.WriteShared(filepath.Join(c.out, rundir.ConfigName), func(w io.Writer) error {
		_, err := io.WriteString(w, config)
		return err
	})
}

// nobody holds a folder that several shards work in.
type nobody struct{}

func (nobody) Close() error { return nil }

// join begins a comparison in shards, or takes part in one of the same settings.
func (c *comparison) join(config string) error {
	if c.kept.Begun() {
		if old, err := rundir.ReadConfig(c.out); err == nil && old != config {
			return usagef("--out: %s holds a comparison with other settings, which is not finished: name another folder", c.out)
		}
	}
	if err := c.writeConfig(config); err != nil {
		return fmt.Errorf("preparing the folder for results: %w", err)
	}
	return c.kept.Make()
}

// refuseOthers keeps results of other settings from being replaced.
func (c *comparison) refuseOthers(config string) error {
	_, err := os.Stat(filepath.Join(c.out, "compare.json"))
	old, readErr := rundir.ReadConfig(c.out)
	if err != nil || c.force || readErr == nil && old == config {
		return nil
	}
	return usagef("--out: %s holds results of other settings: name another folder, or replace them with --force", c.out)
}

// begin finds the mistakes in the settings of a new comparison before anything is written, and is its config.toml.
func (c *comparison) begin(flags *pflag.FlagSet) (string, error) {
	split, err := c.check()
	if err != nil {
		return "", err
	}
	if err := c.resolve(split); err != nil {
		return "", err
	}
	settings, err := c.config(flags)
	if err != nil {
		return "", err
	}
	var config strings.Builder
	if err := encodeTOML(&config, settings); err != nil {
		return "", err
	}
	c.keep(config.String(), split)
	return config.String(), nil
}

// resolve makes the chunk that suits the network one of the settings, as sums over chunks round differently for every size.
func (c *comparison) resolve(split *data.Split) error {
	if c.chunk > 0 {
		return nil
	}
	p, err := c.task.place(c.app, split, c.model, "")
	if err != nil {
		return err
	}
	c.chunk = p.Chunk()
	return p.Close()
}

// check finds the mistakes in the settings, and reads the data of the first seed.
func (c *comparison) check() (*data.Split, error) {
	if err := c.checkOptimizers(); err != nil {
		return nil, err
	}
	split, model, err := c.load(c.app, c.seed)
	if err != nil {
		return nil, err
	}
	c.model, c.examples = model, split.Train.Len()
	return split, c.count(c.examples)
}

// goOn takes the settings from the folder of a comparison that was cut short.
func (c *comparison) goOn(flags *pflag.FlagSet) (lock io.Closer, err error) {
	if err := checkResumed(flags, c.resume); err != nil {
		return nil, err
	}
	config, err := rundir.ReadConfig(c.resume)
	if err != nil {
		return nil, fmt.Errorf("resuming the comparison in %s: %w", c.resume, err)
	}
	c.out = c.resume
	if lock, err = c.hold(); err != nil {
		return nil, err
	}
	if err := c.takeUp(config, flags); err != nil {
		lock.Close()
		return nil, fmt.Errorf("resuming the comparison in %s: %w", c.resume, err)
	}
	return lock, nil
}

// takeUp sets the flags as the comparison to go on with had them.
func (c *comparison) takeUp(config string, flags *pflag.FlagSet) error {
	if err := setAsKept(config, flags); err != nil {
		return err
	}
	split, err := c.check()
	if err != nil {
		return err
	}
	if c.keep(config, split); !c.kept.Begun() {
		return fmt.Errorf("it is finished: start anew with --config %s", filepath.Join(c.resume, rundir.ConfigName))
	}
	return nil
}

// hold locks the folder for this process.
func (c *comparison) hold() (io.Closer, error) {
	lock, err := rundir.Lock(c.out)
	if err != nil {
		return nil, fmt.Errorf("comparing in %s: %w", c.out, err)
	}
	return lock, nil
}

// keep holds in the folder what is finished, under a name that settings, data and version decide.
func (c *comparison) keep(config string, split *data.Split) {
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(config+data.Checksum(split.Train, split.Test)+machine.Version())))
	c.kept = study.NewStore(filepath.Join(c.out, finishedFolder), name)
}

// config is the settings that run the comparison again.
func (c *comparison) config(flags *pflag.FlagSet) (map[string]any, error) {
	var all []optim.Optimizer
	for _, choice := range c.optimizers { // without options of its own, which stand in the choice
		choice.Options = nil
		o, err := c.optimizer(choice, c.examples, c.given)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	changes := c.options.Settings(all...)
	run, err := c.length(c.given)
	if err != nil {
		return nil, err
	}
	if changes["steps"], changes["epochs"] = run.Steps, nil; run.Epochs > 0 {
		changes["steps"], changes["epochs"] = nil, run.Epochs
	}
	return runSettings(flags, c.model, changes)
}
