package configtest

import (
	"pgregory.net/rapid"

	"geo-wordpress/sizing"
)

// maxNodes is the largest pool that ValidConfig draws, before it grows.
const maxNodes = 4

// growth draws how far the regions grow: not at all in half of the configurations.
func growth(t *rapid.T, least sizing.Replicas) sizing.Growth {
	return rapid.SampledFrom([]sizing.Growth{
		{}, {}, {}, {},
		{WordPress: least.WordPress + 2},
		{TiDB: least.TiDB + 1},
		{WordPress: least.WordPress, TiDB: least.TiDB, Nodes: maxNodes}, // a number that stays as it is
		{WordPress: least.WordPress + 2, TiDB: least.TiDB + 1, Nodes: maxNodes + 2},
	}).Draw(t, "growth")
}

// fields is the value of the growth key.
func (n need) fields() map[string]int {
	fields := map[string]int{}
	for name, most := range map[string]int{"wordpress": n.growth.WordPress, "tidb": n.growth.TiDB, "nodes": n.growth.Nodes} {
		if most > 0 {
			fields[name] = most
		}
	}
	return fields
}

var growthRows = []row{
	{name: "growth to a number", set: set{"growth": `6`}, want: want("growth", "6: must be an object with the fields wordpress, tidb, nodes")},
	{name: "growth that is no object", set: set{"growth": `wordpress`}, want: want("growth", "must be an object, written as YAML")},
	{name: "growth that did not arrive", drop: []string{"growth"}, want: want("growth", "is not set")},
	{name: "growth of something else", set: set{"growth": `{"wordpres":6}`},
		want: want("growth.wordpres", `is not a field here: the fields are wordpress, tidb, nodes; did you mean wordpress?`)},
	{name: "growth of TiKV", set: set{"growth": `{"tikv":3}`}, want: want("growth.tikv", "is not a field here")},
	{name: "growth below the least", set: set{"growth": `{"wordpress":1}`},
		want: want("growth.wordpress", "1: must be a whole number from 2 to 100 (pods per region; wordpressReplicas is the least")},
	{name: "growth of TiDB below the least", set: set{"growth": `{"tidb":1}`, "tidbReplicas": "2"},
		want: want("growth.tidb", "1: must be a whole number from 2 to 100 (pods per region; tidbReplicas is the least")},
	{name: "growth without end", set: set{"growth": `{"wordpress":1000}`}, want: want("growth.wordpress", "1000: must be a whole number from 2 to 100")},
	{name: "growth in words", set: set{"growth": `{"wordpress":"4"}`}, want: want("growth.wordpress", `"4": must be a whole number`)},
	{name: "growth by halves", set: set{"growth": `{"tidb":2.5}`}, want: want("growth.tidb", "2.5: must be a whole number")},
	{name: "machines that grow for nothing", set: set{"growth": `{"nodes":4}`},
		want: want("growth.nodes", "4: is of no use alone: machines are added when pods find no room, so set geo-wordpress:growth.wordpress or tidb")},
	{name: "machines beyond the pod range", set: set{"growth": `{"wordpress":4,"nodes":200}`},
		want: want("growth.nodes", "200: must be a whole number from 1 to 127 (the pod range")},
	{name: "machines that grow to fewer", set: set{"growth": `{"wordpress":2,"nodes":1}`},
		want: want("growth.nodes", "1: must be no less than the machines at the start, 2 in europe-west1, europe-west2, europe-west3")},
	{name: "machines that grow to fewer than one region has", set: set{"growth": `{"wordpress":2,"nodes":2}`,
		"regions": list(belgium, london+` "nodes":3`, frankfurt)},
		want: want("growth.nodes", "2: must be no less than the machines at the start, 3 in europe-west2")},
	{name: "no room to grow", set: set{"growth": `{"wordpress":12}`},
		want: want("growth", "needs more room in europe-west1, europe-west2, europe-west3: 12 WordPress and 2 TiDB with the other pods request")},
	{name: "no room to grow to, and not enough machines", set: set{"growth": `{"wordpress":30,"nodes":3}`},
		want: want("growth", "and 3 nodes of e2-standard-2 offer")},
	{name: "TiDB servers in the way of a lost machine's TiKV", set: set{"growth": `{"tidb":9,"nodes":8}`, "tolerateMachineLoss": "true", "nodesPerRegion": "3"},
		want: want("growth.tidb", "9: is too much for europe-west1, europe-west2, europe-west3 while one of 3 nodes of e2-standard-2 is lost")},
	{name: "growth with a mistake in each field", set: set{"growth": `{"wordpress":0,"tidb":"x","nodes":-1}`},
		want: want("growth.wordpress", "0: must be").and("growth.tidb", `"x": must be`).and("growth.nodes", "-1: must be")},
}
