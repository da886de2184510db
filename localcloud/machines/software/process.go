package software

import "time"

// Pace is the number of seconds of a program's own time per second of real time.
type Pace float64

// Of returns how long d takes at this pace.
func (p Pace) Of(d time.Duration) time.Duration {
	if p <= 0 {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}

// Process holds the inputs that a container gives its program.
type Process struct {
	Image   Image
	Command []string // replaces the image's entry point; $(NAME) expanded
	Args    []string // replaces the image's command; $(NAME) expanded
	Env     map[string]string
	Ports   []int // TCP ports that the container declares
	Files   *Filesystem
	User    int64 // effective user ID
	// Capabilities that the process has, without the CAP_ prefix.
	Capabilities map[string]bool
	Place        Place
	Pace         Pace
	// Adopted says that the program ran before this model of it: the local cloud was restarted, the machine was not.
	Adopted bool
	// Outside runs f with the network while the rest of the simulation is locked; the program's own goroutine uses it.
	Outside func(f func(Network))
	// Log receives the log lines that explain the program's state. They contain no secrets.
	Log func(format string, args ...any)
}

// Place is where a process runs. Real programs do not know it; the models show it in their pages.
type Place struct {
	Region    string
	Node      string
	Namespace string
	Pod       string
}

// ReadyAt returns when a program that starts now, and takes a while, is ready. An adopted program is ready already.
func (p *Process) ReadyAt(now time.Time, takes time.Duration) time.Time {
	if p.Adopted {
		return now
	}
	return now.Add(p.Pace.Of(takes))
}
