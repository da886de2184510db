package monitoring

import (
	"encoding/json"
	"fmt"
	"reflect"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

func dashboard() *api.Kind {
	return &api.Kind{
		Token: "gcp:monitoring/dashboard:Dashboard", Title: "Dashboard", Noun: "dashboard", Service: api.Monitoring,
		Fields: schema.Fields{
			"dashboardJson": schema.String(schema.Required, schema.CheckString(checkDashboard), schema.Same(sameDashboard)),
		},
		ID: assigned("dashboards"),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			layout, err := parsed(r.Outputs.Str("dashboardJson"))
			if err != nil {
				return err
			}
			layout["name"], layout["etag"] = r.ID, api.Digits(12)
			answer, err := json.Marshal(answered(layout))
			r.Outputs["dashboardJson"] = string(answer)
			return err
		},
	}
}

func parsed(text string) (layout map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &layout)
	return layout, err
}

// answered is what the API returns: it leaves out zeros and empty values, and says to which axis a chart belongs.
func answered(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, item := range value {
			if item = answered(item); item != nil && !reflect.ValueOf(item).IsZero() {
				kept[name] = item
			}
		}
		if _, chart := kept["timeSeriesQuery"]; chart {
			kept["targetAxis"] = "Y1"
		}
		return kept
	case []any:
		var kept []any
		for _, item := range value {
			kept = append(kept, answered(item))
		}
		return kept
	}
	return value
}

// sameDashboard says whether the provider plans no change: the state has all that the program declares, and in addition only what
// the program leaves out (monitoringDashboardDiffSuppress in the provider).
func sameDashboard(old, new string) bool {
	one, err1 := parsed(old)
	other, err2 := parsed(new)
	return err1 == nil && err2 == nil && reflect.DeepEqual(without(one, other), any(other))
}

// without is old without what new does not have.
func without(old, new any) any {
	switch old := old.(type) {
	case map[string]any:
		other, _ := new.(map[string]any)
		kept := map[string]any{}
		for name, item := range old {
			if declared, ok := other[name]; ok {
				kept[name] = without(item, declared)
			}
		}
		return kept
	case []any:
		other, _ := new.([]any)
		kept := []any{}
		for i, item := range old {
			if i < len(other) {
				item = without(item, other[i])
			}
			kept = append(kept, item)
		}
		return kept
	}
	return old
}

// checkDashboard checks the form of https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards, of which it knows
// charts of queries in PromQL on a grid.
func checkDashboard(text string) error {
	layout, err := parsed(text)
	if err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	o := api.Object(layout)
	if o.Str("displayName") == "" {
		//lint:ignore ST1005 Google's words
		return fmt.Errorf("Field displayName must not be empty")
	}
	columns, tiles := o.Num("mosaicLayout.columns"), o.Objs("mosaicLayout.tiles")
	if columns < 1 || columns > 48 || len(tiles) == 0 {
		return fmt.Errorf("it has %d tiles in %d columns: the local cloud knows mosaicLayout only, with 1 to 48 columns", len(tiles), columns)
	}
	if len(tiles) > 100 {
		return fmt.Errorf("it has %d widgets, and 100 are allowed", len(tiles))
	}
	type square struct{ x, y int }
	taken := map[square]bool{}
	for i, tile := range tiles {
		x, y, width, height := tile.Num("xPos"), tile.Num("yPos"), tile.Num("width"), tile.Num("height")
		if x < 0 || y < 0 || width < 1 || height < 1 || x+width > columns {
			return fmt.Errorf("mosaicLayout.tiles[%d] is not on the grid", i)
		}
		for dx := range width {
			for dy := range height {
				if taken[square{x + dx, y + dy}] {
					return fmt.Errorf("mosaicLayout.tiles[%d] overlaps another tile", i)
				}
				taken[square{x + dx, y + dy}] = true
			}
		}
		sets := tile.Objs("widget.xyChart.dataSets")
		if len(sets) == 0 {
			return fmt.Errorf("mosaicLayout.tiles[%d]: the local cloud knows widgets with an xyChart only", i)
		}
		for _, data := range sets {
			if err := checkQuery(data.Str("timeSeriesQuery.prometheusQuery")); err != nil {
				return fmt.Errorf("mosaicLayout.tiles[%d]: %w", i, err)
			}
		}
	}
	return nil
}
