// Command gen writes the assembly of packages gemm, peak, planes, vmath, winograd and winograd4 and the Go declarations that belong to it.
//
//	go run drift/kernels/cpu/internal/gen DIRECTORY    (the directory kernels/cpu/internal)
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// source is one assembly file: its folder and name without ending, and what puts the functions into it.
type source struct {
	folder, name string
	emit         func(*build.Context)
}

var sources = []source{
	{"gemm", "tile", tiles},
	{"gemm", "dot", dots},
	{"gemm", "pack", packing},
	{"peak", "fma", peaks},
	{"planes", "planes", planeLoops},
	{"vmath", "avx2", loops(false)},
	{"vmath", "avx512", loops(true)},
	{"winograd", "transforms", winogradLoops},
	{"winograd4", "transforms", winograd4Loops},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	files, err := generate()
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generate makes all files by their path below the directory: assembly with its declarations, and the tables of the loops.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, s := range sources {
		if err := s.generate(files); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	neonFile(files, "gemm", "tile", neonTiles)
	neonFile(files, "peak", "fma", neonPeaks)
	neonFile(files, "vmath", "neon", neonLoops)
	for architecture, levels := range tables {
		text, err := dispatch(levels)
		if err != nil {
			return nil, err
		}
		files[filepath.Join("vmath", "vectors_"+architecture+".go")] = text
	}
	return files, nil
}

func (s source) generate(files map[string][]byte) error {
	c := build.NewContext()
	s.emit(c)
	f, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return err
	}
	cfg := printer.Config{Name: "kernels/cpu/internal/gen", Pkg: s.folder}
	path := filepath.Join(s.folder, s.name+"_amd64")
	if files[path+".s"], err = printer.NewGoAsm(cfg).Print(f); err != nil {
		return err
	}
	files[path+".go"], err = printer.NewStubs(cfg).Print(f)
	return err
}
