package configtest

var historyRows = []row{
	{name: "no history of the database", set: set{"databaseHistoryHours": "0"},
		want: want("databaseHistoryHours", "0: must be a whole number from 1 to 168 (hours; less leaves no time")},
	{name: "more than a week of the database", set: set{"databaseHistoryHours": "169"},
		want: want("databaseHistoryHours", "169: must be a whole number from 1 to 168")},
	{name: "a history as a duration", set: set{"databaseHistoryHours": "24h"},
		want: want("databaseHistoryHours", `"24h": must be a whole number`)},
	{name: "half an hour of the database", set: set{"databaseHistoryHours": "0.5"},
		want: want("databaseHistoryHours", "0.5: must be a whole number")},
	{name: "a history of the database that did not arrive", drop: []string{"databaseHistoryHours"},
		want: want("databaseHistoryHours", "is not set")},
	{name: "files of the future", set: set{"fileHistoryDays": "-1"},
		want: want("fileHistoryDays", "-1: must be a whole number from 0 to 90 (days; 0 keeps no old versions")},
	{name: "files of a year", set: set{"fileHistoryDays": "365"}, want: want("fileHistoryDays", "365: must be a whole number from 0 to 90")},
	{name: "a history of files that is off in words", set: set{"fileHistoryDays": "false"},
		want: want("fileHistoryDays", `"false": must be a whole number`)},
	{name: "both histories wrong at once", set: set{"databaseHistoryHours": "", "fileHistoryDays": "[7]"},
		want: want("databaseHistoryHours", `"": must be`).and("fileHistoryDays", `"[7]": must be`)},
}
