package wordpress

// State says how far the real WordPress is.
type State string

// The states.
const (
	Waiting  State = "waiting"  // for the WordPress pods of all clusters
	Starting State = "starting" // the program does
	Ready    State = "ready"    // it answers the visitors
	Failed   State = "failed"   // the program ended, and will be started again
)

// Status is how the real WordPress is.
type Status struct {
	State State `json:"state"`
	// Step is what it is doing while it starts, or why it failed.
	Step string `json:"step,omitempty"`
}

func (s Status) String() string {
	switch s.State {
	case Waiting:
		return "is started once the WordPress pods of all regions are ready"
	case Starting:
		return "starts: " + s.Step
	case Ready:
		return "answers"
	}
	return "failed, and is tried again: " + s.Step
}

// Status says how the real WordPress is.
func (s *Site) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r := s.run; {
	case r != nil:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ready {
			return Status{State: Ready}
		}
		return Status{Starting, r.step}
	case s.problem != nil:
		return Status{Failed, s.problem.Error()}
	}
	return Status{State: Waiting}
}
