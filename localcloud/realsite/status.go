package realsite

// State is the state of the real WordPress.
type State string

// The states.
const (
	Waiting  State = "waiting"  // for the WordPress pods of all clusters
	Starting State = "starting" // the program starts
	Ready    State = "ready"    // it answers the visitors
	Failed   State = "failed"   // the program ended, and will be started again
)

// Status is the state of the real WordPress, with details.
type Status struct {
	State State `json:"state"`
	// Step is the current step of the start, or why it failed.
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

// Status returns the status of the real WordPress.
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
