//go:build !mpi

package mpi

import (
	"errors"
	"strings"
	"testing"
)

// A program without MPI that a launcher starts many of would do everything many times, in one folder.
func TestBuildsWithoutMPIRefuseToBeOneOfMany(t *testing.T) {
	for _, l := range launchers {
		t.Setenv(l.size, "")
	}
	if g, err := Start(); g != nil || err != nil {
		t.Errorf("alone: %v, %v", g, err)
	}
	for _, l := range launchers {
		t.Run(l.by, func(t *testing.T) {
			t.Setenv(l.size, "4")
			t.Setenv(l.rank, "3")
			var refused Refused
			if _, err := Start(); !errors.As(err, &refused) || refused.Rank != 3 || !strings.Contains(err.Error(), "make mpi") {
				t.Errorf("one of four: %v", err)
			}
			t.Setenv(l.size, "1")
			if g, err := Start(); g != nil || err != nil {
				t.Errorf("one of one: %v, %v", g, err)
			}
		})
	}
}
