package configtest

import "pgregory.net/rapid"

var (
	schedule = rapid.SampledFrom([]string{"0 3 * * *", "*/30 0-5 1,15 * mon-fri", "@daily"})

	backup = rapid.OneOf(
		rapid.Just(map[string]any{}),
		rapid.Custom(func(t *rapid.T) map[string]any {
			return map[string]any{
				"schedule": schedule.Draw(t, "schedule"),
				"keepDays": rapid.IntRange(4, 3650).Draw(t, "days"),
				"location": rapid.SampledFrom([]string{"EU", "US", "ASIA", "europe-west4"}).Draw(t, "location"),
			}
		}),
		rapid.Custom(func(t *rapid.T) map[string]any {
			return map[string]any{
				"schedule":     schedule.Draw(t, "schedule"),
				"bucket":       bucket.Draw(t, "bucket"),
				"snapshotDays": rapid.IntRange(0, 365).Draw(t, "days of snapshots"),
			}
		}),
	)

	restore = rapid.OneOf(rapid.Just(map[string]any{}), rapid.Custom(func(t *rapid.T) map[string]any {
		return map[string]any{
			"bucket": bucket.Draw(t, "bucket"),
			"name":   rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,30}(/[a-z0-9]{1,9})?`).Draw(t, "name"),
		}
	}))

	bucket = rapid.StringMatching(`b[a-z0-9_-]{1,61}[a-z0-9]`)
)
