package study

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"drift/bench/report"
	"drift/data/atomicfile"
)

const resultsName = "study.json"

// WriteFiles fills a folder: study.json, curves.csv, runs.csv, tables.md, tables.tex, and figures as PNG, SVG and PDF: the learning curves of
// each task and, where there are targets, the performance profile. These are the same bytes whenever and however the cells were
// computed. Seconds are in seconds.csv alone.
func (o *Outcome) WriteFiles(folder string) error {
	files := map[string]func(io.Writer) error{
		resultsName:   o.writeJSON,
		"curves.csv":  o.Curves().WriteCSV,
		"runs.csv":    o.Runs().WriteCSV,
		"seconds.csv": o.Seconds().WriteCSV,
		"tables.md":   o.writeMarkdown,
		"tables.tex":  o.writeLaTeX,
	}
	figures := map[string]report.Figure{}
	for i, t := range o.Tasks {
		figures[fmt.Sprintf("curves-%02d-%s", i+1, slug(t.Task))] = LearningCurves(t.groups)
	}
	if o.Profile != nil {
		figures["profile"] = o.Profile.Figure()
	}
	for name, f := range figures {
		files[name+".png"], files[name+".svg"], files[name+".pdf"] = f.WritePNG, f.WriteSVG, f.WritePDF
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := atomicfile.WriteShared(filepath.Join(folder, name), files[name]); err != nil {
			return fmt.Errorf("writing the results: %w", err)
		}
	}
	return nil
}

func (o *Outcome) writeJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(o)
}

func (o *Outcome) writeMarkdown(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "# %s\n\n%s\n", o.Study, paragraph(o.Description)); err != nil {
		return err
	}
	for _, t := range o.Tables {
		if _, err := fmt.Fprintf(w, "## %s\n\n", t.Title); err != nil {
			return err
		}
		if err := t.WriteMarkdown(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	for _, line := range o.Warnings {
		if _, err := fmt.Fprintf(w, "- %s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return text + "\n"
}

func (o *Outcome) writeLaTeX(w io.Writer) error {
	for _, t := range o.Tables {
		if err := t.WriteLaTeX(w, t.Title); err != nil {
			return err
		}
	}
	return nil
}
