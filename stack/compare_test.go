package stack_test

import (
	"reflect"
	"strconv"

	"pgregory.net/rapid"
)

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

func number(t rapid.TB, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("%q is no number", text)
	}
	return n
}
