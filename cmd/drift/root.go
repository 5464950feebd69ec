package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/machine"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/data/suggest"
	"drift/data/untrusted"
	"drift/kernels"
	"drift/kernels/cuda"
	"drift/kernels/group"
)

// app is what the commands share: the global flags and where output goes.
type app struct {
	stdout, stderr io.Writer

	quiet     bool
	json      string
	seed      uint64
	device    string
	dtype     kernels.DType
	precision cuda.Precision
	threads   int
	config    string
	line      map[string]bool // flags set on the command line
	args      []string        // the command line
	told      map[string]bool // notices about data that were given
	group     *group.Group    // the processes that do this together; nil for one alone
	scratch   *scratch        // where a process that is not the first of them writes; nil in others
}

const rootLong = `drift trains neural networks and measures, uses and checks the covariance Σ of their
per-example gradients: the quantity through which stochastic gradient descent regularizes.

Every command takes --config FILE, a TOML file in which any flag can be set (lr = 0.1); flags on
the command line win. The exit status is 0 when all is done, 1 when a run or a check failed and
2 when the command line is wrong.`

const rootExample = `  drift compare                                          # the main job, on images made on the spot
  drift train --model lenet --every 1epoch --out run     # one network, and what is measured along the way
  drift report out run                                   # the page report.html of both
  drift verify --out checks                              # the theory, equation by equation`

// helpWidth is the columns that flags and what they mean take at most.
const helpWidth = 120

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "drift",
		Short:             "Train networks; measure, use and check the covariance of their gradients",
		Long:              rootLong,
		Example:           rootExample,
		Version:           machine.Version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprint(".FlagUsagesWrapped ", helpWidth)))
	a.globals(root.PersistentFlags())
	root.AddCommand(a.compareCommand(), a.studyCommand(), a.trainCommand(), a.measureCommand(), a.evalCommand(), a.predictCommand(), a.modelCommand(), a.verifyCommand(), a.reportCommand(), a.watchCommand(), a.benchCommand(), a.dataCommand(), a.envCommand())
	return root
}

// helpCommand is "drift help COMMAND", which is "drift COMMAND --help".
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			for _, c := range of.Commands() {
				if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), begun) {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return usageError{err}
			case len(rest) > 0 && of.HasAvailableSubCommands():
				return unknownCommand(of, rest[0])
			case len(rest) > 0:
				return usagef("drift help takes a command, got %q too: see %s --help", rest[0], of.CommandPath())
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

func (a *app) globals(flags *pflag.FlagSet) {
	flags.BoolVar(&a.quiet, "quiet", false, "print nothing but errors (--json and files are still written)")
	flags.StringVar(&a.json, "json", "", "write the result as JSON to this `file`, - for standard output")
	cmdline.Add(flags, &a.seed, "seed", 1, "`number` that every random choice follows from", "number", cmdline.ParseSeed)
	cmdline.Add(flags, &a.device, "device", "auto", "where to compute: auto|cpu|cuda[:i]", "name", cmdline.ParseDevice)
	cmdline.Add(flags, &a.dtype, "dtype", kernels.Float32, "arithmetic: float32|float64", "name", kernels.ParseDType)
	cmdline.Add(flags, &a.precision, "precision", cuda.Full, "float32 on a GPU: float32, tf32 (products round) or bf16 (activations are stored in it too; parameters and sums are not)", "name", cuda.ParsePrecision)
	cmdline.Add(flags, &a.threads, "threads", 0, "`number` of CPU threads (0: all)", "int", cmdline.ParseThreads)
	flags.StringVar(&a.config, "config", "", "TOML `file` that sets flags")
}

// given reports whether a flag stands on the command line.
func (a *app) given(flag string) bool { return a.line[flag] }

// prepare applies the configuration file and finds out early whether the result can be written.
func (a *app) prepare(cmd *cobra.Command) error {
	if twice := repeated(a.args); twice != "" {
		return usagef("--%s is given twice: give it once", twice)
	}
	a.line = map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) { a.line[f.Name] = true })
	if a.config != "" {
		if err := applyConfig(a.config, cmd.Flags()); err != nil {
			return err
		}
	}
	if err := a.join(cmd); err != nil {
		return err
	}
	return a.checkJSON()
}

// repeated is the name of a flag that stands on a command line twice, or "".
func repeated(args []string) string {
	seen := map[string]bool{}
	for _, arg := range args {
		name, long := strings.CutPrefix(arg, "--")
		if name, _, _ = strings.Cut(name, "="); !long {
			continue
		}
		if name == "" { // what follows is no flag
			break
		}
		if seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}

// human is where text for people goes: nowhere with --quiet, and off standard output when that carries JSON.
func (a *app) human() io.Writer {
	switch {
	case a.quiet:
		return io.Discard
	case a.json == "-":
		return a.stderr
	}
	return a.stdout
}

// note prints lines that a user should know, unless --quiet is given.
func (a *app) note(lines ...string) {
	for _, line := range lines {
		if !a.quiet {
			fmt.Fprintln(a.stderr, "note: "+line)
		}
	}
}

// noArguments refuses words that are no flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no argument %q: see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// subcommand is the RunE of a command that only holds others.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return usagef("unknown command %q of %s: %s", args[0], cmd.CommandPath(), suggest.Choose(args[0], commandNames(cmd)))
}

// unknownCommand names the commands that there are in the place of one that is not.
func unknownCommand(of *cobra.Command, word string) error {
	return usagef("unknown command %q: %s", word, suggest.Choose(word, commandNames(of)))
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError words pflag's complaint in one line, with the nearest flag where a name is unknown.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if near := suggest.Nearest(name, cmdline.Names(cmd.Flags())); near != "" {
			return usagef("unknown flag --%s: did you mean --%s?", name, near)
		}
		return usagef("unknown flag --%s: %s --help lists all", name, cmd.CommandPath())
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usagef("--%s: %w", invalid.GetFlag().Name, invalid.Unwrap())
	}
	return usagef("%w: see %s --help", err, cmd.CommandPath())
}

// largestConfig is the size in bytes beyond which a file is no configuration.
const largestConfig = 1 << 20

// applyConfig sets the flags that a TOML file names, except those that the command line has set already.
func applyConfig(path string, flags *pflag.FlagSet) error {
	text, err := untrusted.ReadAll(path, largestConfig)
	if err != nil {
		return usageError{fmt.Errorf("reading the configuration: %w", err)}
	}
	if err := cmdline.SetAll(string(text), flags); err != nil {
		return usageError{fmt.Errorf("reading the configuration %s: %w", path, err)}
	}
	return nil
}
