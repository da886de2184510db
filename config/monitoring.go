package config

// Monitoring is what watches the system, and whom it calls.
type Monitoring struct {
	// Email gets the alerts.
	Email string
	// DiskPercent is the share of a disk, in percent, above which there is an alert.
	DiskPercent int
}

const (
	defaultDiskPercent = 80
	// Below, a disk as the program sizes it would alert while it is well; above, an alert comes too late to act on.
	minDiskPercent, maxDiskPercent = 50, 95
)

var monitoringFields = []string{"email", "diskPercent"}

// monitoring reads who is alerted: an empty object for no metrics, no dashboard and no alerts.
func (l *loader) monitoring() *Monitoring {
	object := l.top("monitoring")
	fields, ok := object.object(monitoringFields)
	if given, _ := object.value.(map[string]any); !ok || len(given) == 0 {
		return nil
	}
	m := &Monitoring{DiskPercent: defaultDiskPercent}
	m.Email, _ = object.required(fields, "email", "the e-mail address that gets the alerts, or {} for monitoring to turn it off").
		checked(checkEmail)
	if percent, ok := fields["diskPercent"]; ok {
		m.DiskPercent, _ = percent.whole(minDiskPercent, maxDiskPercent, "percent of a disk; fuller disks are reported")
	}
	return m
}
