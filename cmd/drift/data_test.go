package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"drift/data"
)

func TestDataListNamesEverySource(t *testing.T) {
	status, stdout, _ := drift(t, "data", "list")
	for _, s := range data.Sources() {
		if status != statusDone || !strings.Contains(stdout, s.Name) || !strings.Contains(stdout, " "+s.Spec()+" ") || !strings.Contains(stdout, s.About) {
			t.Errorf("status %d; %s is not in\n%s", status, s.Name, stdout)
		}
	}
}

func TestDataInspect(t *testing.T) {
	var result struct {
		Train, Test data.Summary
	}
	status, stdout, stderr := drift(t, "data", "inspect", "glyphs,train=30,test=20,label-noise=0.5", "--json", "-")
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil || result.Train.Examples != 30 || result.Test.Examples != 20 {
		t.Errorf("status %d, %+v, %v", status, result, err)
	}
	if !strings.Contains(stderr, "redrawn labels") {
		t.Errorf("stderr %q", stderr)
	}
	if status, stdout, _ := drift(t, "data", "inspect", "glyphs,train=30,test=20,valid=0.2"); status != statusDone || !strings.Contains(stdout, "valid") {
		t.Errorf("a validation part: status %d, %q", status, stdout)
	}
	text := write(t, "a.txt", strings.Repeat("to be\n", 20))
	if status, stdout, _ := drift(t, "data", "inspect", "text:"+text+",context=5"); status != statusDone || !strings.Contains(stdout, `"\n", " ", b, e, o, t`) {
		t.Errorf("a text: status %d, %q", status, stdout)
	}
	if status, stdout, _ := drift(t, "data", "inspect", "gaussian,train=30,test=0"); status != statusDone || !strings.Contains(stdout, "mean of targets") {
		t.Errorf("a regression without test part: status %d, %q", status, stdout)
	}
}

// What a reader decides is on stderr, once, and in the JSON.
func TestDataNotices(t *testing.T) {
	file := write(t, "a.csv", ",a,kind\n0,1.5,dog\n1,2.5,cat\n2,,cat\n3,4.5,cat\n")
	status, stdout, stderr := drift(t, "data", "inspect", "csv:"+file+",missing=drop", "--json", "-")
	for _, want := range []string{"column 1 has no name", "1 of 4 rows", "cat"} {
		if status != statusDone || strings.Count(stderr, want) != 1 || !strings.Contains(stdout, want) {
			t.Errorf("status %d, want %q in %q and %q", status, want, stdout, stderr)
		}
	}
	status, _, stderr = drift(t, strings.Fields("train --quiet --model linear --batch 1 --steps 1 --out "+t.TempDir()+"/run --data csv:"+file+",missing=drop")...)
	if status != statusDone || stderr != "" {
		t.Errorf("status %d, %q", status, stderr)
	}
}

// Times in seconds are told where float32 spoils them, and only there.
func TestTimesInFloat32AreTold(t *testing.T) {
	file := write(t, "a.csv", "t,y\n1700000000,0.5\n1700000001,1.5\n1700000003,2.5\n")
	for options, told := range map[string]int{"": 1, " --dtype float64": 0, ",normalize=on": 0} {
		status, _, stderr := drift(t, strings.Fields("measure --model linear --data csv:"+file+options)...)
		if status != statusDone || strings.Count(stderr, "rounding to float32") != told {
			t.Errorf("%s: status %d, %q", options, status, stderr)
		}
	}
}

func TestDataMistakes(t *testing.T) {
	for args, want := range map[string]struct {
		status int
		says   string
	}{
		"data lst":                     {statusUsage, "did you mean list?"},
		"data fetch":                   {statusUsage, "needs the name"},
		"data fetch mnst":              {statusUsage, "choose from"},
		"data fetch mnist cifar10":     {statusUsage, "takes one argument"},
		"data inspect glyps":           {statusFailed, "unknown data set"},
		"data inspect glyphs,train=0":  {statusFailed, "train"},
		"data inspect idx:/dev/null/x": {statusFailed, "idx"},
	} {
		status, stdout, stderr := drift(t, strings.Fields(args)...)
		if status != want.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want.says) {
			t.Errorf("drift %s: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}

func TestAbsentDataCanBeFetched(t *testing.T) {
	err := fmt.Errorf("loading: %w", data.NotFound{Name: "cifar10", File: "data_batch_1*", Folders: []string{"/a", "/b"}})
	if got := oneLine(err); !strings.Contains(got, "in /a, /b") || !strings.HasSuffix(got, "drift data fetch cifar10 downloads it") {
		t.Error(got)
	}
}
