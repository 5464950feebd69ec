package main

// Gorgonia needs this package at a version that knows the Go in use, and ends every program at its start without it. The
// import keeps the requirement in go.mod.
import _ "go4.org/unsafe/assume-no-moving-gc"
