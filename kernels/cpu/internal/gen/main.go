// Command gen writes the assembly of packages gemm and vmath and the Go declarations that belong to it.
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
	{"gemm", "pack", packing},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	for _, s := range sources {
		files, err := s.files()
		for name, text := range files {
			if err == nil {
				err = os.WriteFile(filepath.Join(os.Args[1], name), text, 0o644)
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "gen: %s: %v\n", s.name, err)
			os.Exit(1)
		}
	}
}

// files are the assembly and its declarations by path below the directory.
func (s source) files() (map[string][]byte, error) {
	c := build.NewContext()
	s.emit(c)
	f, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return nil, err
	}
	cfg := printer.Config{Name: "kernels/cpu/internal/gen", Pkg: s.folder}
	files := map[string][]byte{}
	path := filepath.Join(s.folder, s.name+"_amd64")
	if files[path+".s"], err = printer.NewGoAsm(cfg).Print(f); err != nil {
		return nil, err
	}
	files[path+".go"], err = printer.NewStubs(cfg).Print(f)
	return files, err
}
