// Package tap writes the Test Anything Protocol: the part of github.com/mndrix/tap-go that the validation suite of
// opencontainers/runtime-tools calls. That package is not in Debian; this one stands in for it.
//
// Source: https://testanything.org/tap-version-13-specification.html
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// T is one run of a test program.
type T struct {
	// Writer receives the output; standard output if nil.
	Writer io.Writer
	count  int
	todo   bool
}

// New returns a run that writes to standard output.
func New() *T { return &T{} }

func (t *T) print(format string, args ...interface{}) {
	out := t.Writer
	if out == nil {
		out = os.Stdout
	}
	fmt.Fprintf(out, format+"\n", args...)
}

// Header writes the version, and the plan if the number of checks is known (not 0).
func (t *T) Header(checks int) {
	t.print("TAP version 13")
	if checks > 0 {
		t.print("1..%d", checks)
	}
}

// AutoPlan writes the plan afterwards, with the checks counted so far.
func (t *T) AutoPlan() { t.print("1..%d", t.count) }

// Ok records one check.
func (t *T) Ok(passed bool, description string) {
	word, directive := "ok", ""
	if !passed {
		word = "not ok"
	}
	if t.todo {
		directive, t.todo = " # TODO", false
	}
	t.count++
	t.print("%s %d - %s%s", word, t.count, description, directive)
}

// Todo marks the next check as one that need not pass yet.
func (t *T) Todo() *T {
	t.todo = true
	return t
}

// Pass records a check that passed.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail records a check that failed.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip records checks that were not made, and why.
func (t *T) Skip(count int, why string) {
	for i := 0; i < count; i++ {
		t.count++
		t.print("ok %d # SKIP %s", t.count, why)
	}
}

// Diagnostic writes a remark, line by line.
func (t *T) Diagnostic(message string) {
	t.print("# %s", strings.ReplaceAll(strings.TrimRight(message, "\n"), "\n", "\n# "))
}

// Diagnosticf writes a remark made of a format and its arguments.
func (t *T) Diagnosticf(format string, args ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, args...))
}

// YAML writes details of the check before as an indented block; JSON is a form of YAML.
func (t *T) YAML(details interface{}) error {
	text, err := json.MarshalIndent(details, "  ", "  ")
	if err != nil {
		return err
	}
	t.print("  ---\n  %s\n  ...", text)
	return nil
}
