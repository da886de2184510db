package faults

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Plan defines the faults to inject. The zero Plan injects none.
type Plan struct {
	Seed uint64
	// Rates is the share of the resources, from 0 to 1, that each kind hits.
	Rates map[Kind]float64
}

// Parse parses SEED or SEED:KIND=RATE,... from left to right. Kinds that are not named have their usual rates, and
// all=RATE sets every kind's. "off" is the plan without faults.
func Parse(text string) (Plan, error) {
	if text == "off" {
		return Plan{}, nil
	}
	seed, list, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return Plan{}, fmt.Errorf("the fault plan %q is not SEED, SEED:KIND=RATE,... or off: %q is not a whole number", text, seed)
	}
	plan := Plan{Seed: number, Rates: maps.Clone(usual)}
	for entry := range strings.SplitSeq(list, ",") {
		if entry == "" {
			continue
		}
		name, value, _ := strings.Cut(entry, "=")
		rate, err := strconv.ParseFloat(value, 64)
		if err != nil || !(rate >= 0 && rate <= 1) {
			return Plan{}, fmt.Errorf("the fault plan %q: %q is not KIND=RATE with a rate from 0 to 1", text, entry)
		}
		if name == "all" {
			for kind := range plan.Rates {
				plan.Rates[kind] = rate
			}
			continue
		}
		if _, known := usual[Kind(name)]; !known {
			return Plan{}, fmt.Errorf("the fault plan %q: there is no kind %q: choose from %s", text, name, Names())
		}
		plan.Rates[Kind(name)] = rate
	}
	return plan, nil
}

// Kinds lists all kinds, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(usual)) }

// Names lists the kinds for messages.
func Names() string {
	var names []string
	for _, kind := range Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}
