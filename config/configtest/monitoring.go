package configtest

import "pgregory.net/rapid"

// monitoring draws who is alerted; every other time nobody is.
var monitoring = rapid.OneOf(rapid.Just(map[string]any{}), rapid.Custom(func(t *rapid.T) map[string]any {
	fields := map[string]any{"email": rapid.StringMatching(`[a-z0-9]{1,20}(\+[a-z]{1,5})?`).Draw(t, "who is alerted") + "@example.com"}
	if rapid.Bool().Draw(t, "whether to say when a disk is full") {
		fields["diskPercent"] = rapid.IntRange(50, 95).Draw(t, "percent of a disk")
	}
	return fields
}))

var monitoringRows = []row{
	{name: "alerts to nobody", set: set{"monitoring": `{"diskPercent":80}`},
		want: want("monitoring.email", "is not set: set it to the e-mail address that gets the alerts")},
	{name: "alerts to an empty address", set: set{"monitoring": `{"email":""}`},
		want: want("monitoring.email", `"": must be one e-mail address`)},
	{name: "alerts to what is no address", set: set{"monitoring": `{"email":"operator"}`},
		want: want("monitoring.email", `"operator": must be one e-mail address`)},
	{name: "alerts to two addresses", set: set{"monitoring": `{"email":"a@example.com, b@example.com"}`},
		want: want("monitoring.email", "must be one e-mail address and nothing else")},
	{name: "alerts to a name and an address", set: set{"monitoring": `{"email":"An operator <operator@example.com>"}`},
		want: want("monitoring.email", "must be one e-mail address and nothing else")},
	{name: "alerts to a host of one label", set: set{"monitoring": `{"email":"root@localhost"}`},
		want: want("monitoring.email", "at a full domain")},
	{name: "alerts to a list", set: set{"monitoring": `{"email":["operator@example.com"]}`},
		want: want("monitoring.email", "must be a string")},
	{name: "a disk that is reported when it is half empty", set: set{"monitoring": watched(`"diskPercent":49`)},
		want: want("monitoring.diskPercent", "49: must be a whole number from 50 to 95")},
	{name: "a disk that is reported when it is full", set: set{"monitoring": watched(`"diskPercent":100`)},
		want: want("monitoring.diskPercent", "100: must be a whole number from 50 to 95")},
	{name: "a share of a disk as a fraction", set: set{"monitoring": watched(`"diskPercent":0.8`)},
		want: want("monitoring.diskPercent", "0.8: must be a whole number")},
	{name: "a share of a disk as text", set: set{"monitoring": watched(`"diskPercent":"80%"`)},
		want: want("monitoring.diskPercent", `"80%": must be a whole number`)},
	{name: "monitoring with a mistyped field", set: set{"monitoring": watched(`"diskpercent":80`)},
		want: want("monitoring.diskpercent", "did you mean diskPercent?")},
	{name: "monitoring that is text", set: set{"monitoring": "operator@example.com"}, want: want("monitoring", "must be an object")},
	{name: "monitoring that is a list", set: set{"monitoring": `["operator@example.com"]`}, want: want("monitoring", "must be an object")},
	{name: "monitoring with every mistake", set: set{"monitoring": `{"email":"x","diskPercent":1,"pager":true}`},
		want: want("monitoring.email", "must be one e-mail").and("monitoring.diskPercent", "from 50 to 95").
			and("monitoring.pager", "is not a field here")},
}

// watched is the value of monitoring with one more field as JSON.
func watched(more string) string { return `{"email":"operator@example.com",` + more + `}` }
