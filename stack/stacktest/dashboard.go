package stacktest

import "encoding/json"

// Tile is a chart of a dashboard, on a grid.
type Tile struct {
	XPos, YPos, Width, Height int // in columns and rows
	Widget                    struct {
		Title   string
		XYChart struct {
			DataSets []struct {
				TimeSeriesQuery struct{ PrometheusQuery string }
			}
		}
	}
}

// Tiles are the charts of a dashboard of Cloud Monitoring.
func (r *Resource) Tiles() ([]Tile, error) {
	var dashboard struct{ MosaicLayout struct{ Tiles []Tile } }
	err := json.Unmarshal([]byte(r.Text("dashboardJson")), &dashboard)
	return dashboard.MosaicLayout.Tiles, err
}
