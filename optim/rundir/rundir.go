// Package rundir keeps the folder of one training run:
//
//	config.toml          every setting needed to run it again
//	machine.json         what it was computed with
//	metrics.jsonl        one JSON object a line, each with its "step"
//	distributions.jsonl  quantiles of the parameters likewise, where the run is measured
//	checkpoint/          the state from which the run can go on
//	weights.safetensors  the final weights
//	weights-ema.safetensors    their moving average, where the run has one
//	weights-best.safetensors   those of the least validation loss, where there is a validation part
//
// Whatever ends the process, the folder can be resumed: files are replaced in one step, metrics reach the disk before the
// checkpoint that follows them, and lines behind the checkpoint are cut off on resuming. A lock, which the system releases
// with the process, keeps two processes from writing into one folder.
package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"drift/data/atomicfile"
	"drift/optim/checkpoint"
)

const (
	metricsName = "metrics.jsonl"
	stateName   = "checkpoint/state.safetensors"
	// DistributionsName is the file of the parameters' quantiles along the run.
	DistributionsName = "distributions.jsonl"
	// ConfigName is the file of the settings.
	ConfigName = "config.toml"
	// WeightsName is the file of the final weights.
	WeightsName = "weights.safetensors"
	// AverageName is the file of the weights' moving average.
	AverageName = "weights-ema.safetensors"
	// BestName is the file of the weights of the least validation loss.
	BestName = "weights-best.safetensors"
	// MachineName is the file of what the run was computed with: a list of objects, each from its "step" on.
	MachineName = "machine.json"
)

// Dir is an open run folder.
type Dir struct {
	path    string
	config  string
	lock    io.Closer
	metrics *os.File
	// distributions is nil before the first line.
	distributions *os.File
}

// Create makes the folder at path where it is missing, and starts a run in it. It refuses a file, a folder that cannot be
// written, one that holds a run and one that another process uses.
func Create(path, config string) (*Dir, error) {
	d, err := create(path, config)
	if err != nil {
		return nil, fmt.Errorf("starting a run in %s: %w", path, err)
	}
	return d, nil
}

func create(path, config string) (*Dir, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, errors.New("it is a file: name a folder")
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	d, err := lock(path)
	if err != nil {
		return nil, err
	}
	d.config = config
	for _, name := range []string{ConfigName, metricsName, DistributionsName, stateName, WeightsName, AverageName, BestName} {
		if _, err := os.Stat(d.File(name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(errors.New("it holds another run: name another folder, or resume it"), d.Close())
		}
	}
	err = os.MkdirAll(filepath.Dir(d.File(stateName)), 0o777)
	if err == nil {
		err = writeConfig(d.File(ConfigName), config)
	}
	if err == nil {
		d.metrics, err = openLog(d.File(metricsName))
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// ReadConfig is the text of config.toml of the run at path, which may be in use.
func ReadConfig(path string) (string, error) {
	config, err := os.ReadFile(filepath.Join(path, ConfigName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("it holds no run: name the folder of one")
	}
	return string(config), err
}

// Resume opens the folder of a run that was started before.
func Resume(path string) (*Dir, error) {
	d, err := resume(path)
	if err != nil {
		return nil, fmt.Errorf("resuming the run in %s: %w", path, err)
	}
	return d, nil
}

func resume(path string) (*Dir, error) {
	config, err := ReadConfig(path)
	if err != nil {
		return nil, err
	}
	d, err := lock(path)
	if err != nil {
		return nil, err
	}
	d.config = config
	err = os.MkdirAll(filepath.Dir(d.File(stateName)), 0o777)
	if err == nil {
		d.metrics, err = openLog(d.File(metricsName))
	}
	if _, missing := os.Stat(d.File(DistributionsName)); err == nil && missing == nil {
		d.distributions, err = openLog(d.File(DistributionsName))
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func lock(path string) (*Dir, error) {
	held, err := Lock(path)
	if err != nil {
		return nil, err
	}
	return &Dir{path: path, lock: held}, nil
}

// Config is the text of config.toml.
func (d *Dir) Config() string { return d.config }

// SetConfig replaces config.toml.
func (d *Dir) SetConfig(config string) error {
	if err := writeConfig(d.File(ConfigName), config); err != nil {
		return fmt.Errorf("changing the settings of the run in %s: %w", d.path, err)
	}
	d.config = config
	return nil
}

// File is the path of a file in the folder.
func (d *Dir) File(name string) string { return filepath.Join(d.path, filepath.FromSlash(name)) }

// Path is the folder.
func (d *Dir) Path() string { return d.path }

// Save brings the lines to the disk and then replaces the checkpoint.
func (d *Dir) Save(state any, vectors checkpoint.Vectors) error {
	for _, file := range []*os.File{d.metrics, d.distributions} {
		if file == nil {
			continue
		}
		if err := file.Sync(); err != nil {
			return fmt.Errorf("writing %s: %w", file.Name(), err)
		}
	}
	return checkpoint.Write(d.File(stateName), state, vectors)
}

// Load reads the checkpoint. Without one, found is false: the run starts at its beginning. Of several processes the first has the folder, the
// others a nil Dir, and share passes the bytes of the file on from it to all; it is nil for a process alone.
func (d *Dir) Load(state any, share func([]byte) ([]byte, error)) (vectors checkpoint.Vectors, found bool, err error) {
	var file []byte
	if d != nil {
		if file, err = os.ReadFile(d.File(stateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, false, fmt.Errorf("reading the checkpoint: %w", err)
		}
	}
	if share != nil {
		if file, err = share(file); err != nil {
			return nil, false, fmt.Errorf("passing on the checkpoint: %w", err)
		}
	}
	if file == nil {
		return nil, false, nil
	}
	if vectors, err = checkpoint.Decode(file, state); err != nil {
		return nil, false, fmt.Errorf("reading the checkpoint: %w: restore the file or start the run anew", err)
	}
	return vectors, true, nil
}

// Close lets go of the folder. A nil Dir holds none.
func (d *Dir) Close() error {
	if d == nil {
		return nil
	}
	var err error
	if d.metrics != nil {
		err = d.metrics.Close()
	}
	if d.distributions != nil {
		err = errors.Join(err, d.distributions.Close())
	}
	return errors.Join(err, d.lock.Close())
}

func writeConfig(path, config string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, config)
		return err
	})
}
