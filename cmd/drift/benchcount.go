package main

import (
	"context"
	"fmt"
	"io"

	"drift/bench/timing"
	"drift/data/atomicfile"
)

// countIntro is what the tables of drift bench --count show.
const countIntro = "Calls of primitives in one step, and the megabytes that they read and write, each operand of a call once; the same on every device, but for a GPU with --precision bf16, which has columns of its own. Uploaded is what goes from the host to the device in a step, of a set that lies there."

// benchCounts is the result of drift bench --count.
type benchCounts struct {
	DType string           `json:"dtype"`
	Cases []timing.Counted `json:"cases"`
	Notes []string         `json:"notes"` // cases whose steps depend on numbers, which counting does not compute
}

// runCount counts what the cases ask of a device.
func (b *benchmark) runCount(ctx context.Context, some []timing.Case) error {
	r := benchCounts{DType: b.dtype.String(), Cases: []timing.Counted{}, Notes: []string{}}
	bar := b.progress("counting", "cases", len(some))
	defer bar.Close()
	for k, c := range some {
		bar.Set(k, c.Name)
		found, err := timing.Count(c)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.Notes = append(r.Notes, err.Error())
		default:
			r.Cases = append(r.Cases, found)
		}
	}
	bar.Close()
	table := timing.CountTable(r.Cases)
	fmt.Fprintf(b.human(), "%s\n\n", countIntro)
	if _, err := table.WriteTo(b.human()); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintln(b.human(), "\nnot counted:", n)
	}
	if b.markdown != "" {
		err := atomicfile.Write(b.markdown, func(w io.Writer) error {
			fmt.Fprintf(w, "%s In %s; written by `drift bench --count --markdown FILE`.\n\n", countIntro, r.DType)
			return table.WriteMarkdown(w)
		})
		if err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	return b.writeJSON(r)
}
