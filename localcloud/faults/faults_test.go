package faults

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	plan, err := Parse("7")
	require.NoError(t, err)
	assert.Equal(t, Plan{Seed: 7, Rates: usual}, plan)

	plan, err = Parse("8:all=0,quota=0.5")
	require.NoError(t, err)
	for kind, rate := range plan.Rates {
		if kind == Quota {
			assert.Equal(t, 0.5, rate)
		} else {
			assert.Zero(t, rate, kind)
		}
	}
	plan, err = Parse("off")
	require.NoError(t, err)
	assert.Empty(t, plan.Rates)

	for _, wrong := range []string{"", "x", "-1", "1:quota", "1:quota=2", "1:quota=NaN", "1:quote=0.5", "1:quota=-0.1"} {
		_, err := Parse(wrong)
		assert.Error(t, err, wrong)
	}
	_, err = Parse("1:quote=0.5")
	assert.ErrorContains(t, err, "rate-limited", "the kinds are named")
}

func TestHitsDependOnTheSeedAndNotOnTheOrder(t *testing.T) {
	hits := func(seed uint64, keys []string) map[string]int {
		i := &Injector{}
		i.Follow(Plan{Seed: seed, Rates: usual})
		out := map[string]int{}
		for _, key := range keys {
			for _, kind := range Kinds() {
				for range 10 {
					if i.Hit(kind, key) {
						out[string(kind)+key]++
					}
				}
			}
		}
		return out
	}
	var keys, back []string
	for n := range 300 {
		keys = append(keys, fmt.Sprint(n))
		back = append([]string{fmt.Sprint(n)}, back...)
	}
	first := hits(1, keys)
	assert.Equal(t, first, hits(1, back))
	assert.NotEqual(t, first, hits(2, keys))
	for id, n := range first {
		assert.LessOrEqual(t, n, 3, "%s: a resource that is tried again gets through", id)
	}
}

func TestRatesAreKept(t *testing.T) {
	i := &Injector{}
	i.Follow(Plan{Seed: 3, Rates: map[Kind]float64{Quota: 0.2}})
	const keys = 5000
	for n := range keys {
		i.Hit(Quota, fmt.Sprint(n))
		assert.False(t, i.Hit(Slow, fmt.Sprint(n)))
	}
	share := float64(i.Counts()[Quota]) / keys
	assert.Less(t, math.Abs(share-0.2), 0.03, "%v", share)
}

func TestNoInjectorAndNoKeyHitNothing(t *testing.T) {
	var none *Injector
	assert.False(t, none.Hit(Quota, "a"))
	assert.Empty(t, none.Counts())
	i := &Injector{}
	assert.False(t, i.Hit(Quota, "a"), "no plan yet")
	i.Follow(Plan{Rates: map[Kind]float64{Quota: 1}})
	assert.False(t, i.Hit(Quota, ""))
	assert.True(t, i.Hit(Quota, "a"))
}

func TestEveryKindHasAName(t *testing.T) {
	for _, kind := range Kinds() {
		assert.True(t, strings.Contains(Names(), string(kind)))
	}
}
