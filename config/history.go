package config

// History is how long the system keeps what was overwritten or deleted: docs/undo.md.
type History struct {
	// DatabaseHours is TiDB's tidb_gc_life_time.
	DatabaseHours int
	// FileDays is for how long each region keeps the files that another region's change replaced or deleted; 0 for none.
	FileDays int
}

const (
	// An hour is the least in which somebody can notice a mistake and stop TiDB's garbage collection.
	minDatabaseHours = 1
	// Every scan skips the old versions of the rows that it reads, and TiKV stores them.
	maxDatabaseHours = 7 * 24
	// Beyond it a backup is the better answer: the versions are on the disk that they are versions of.
	maxFileDays = 90
)

func (l *loader) history() History {
	hours, _ := l.top("databaseHistoryHours").whole(minDatabaseHours, maxDatabaseHours, "hours; less leaves no time to notice "+
		"a mistake, and with more every scan skips too many old versions")
	days, _ := l.top("fileHistoryDays").whole(0, maxFileDays, "days; 0 keeps no old versions of files, and a longer history "+
		"needs a backup on another disk")
	return History{DatabaseHours: hours, FileDays: days}
}
