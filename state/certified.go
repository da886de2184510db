package state

import "errors"

// Certified returns an error if the stack's database runs without certificates. Such a database cannot change while it runs:
// its servers speak either with TLS or without, and the Placement Drivers keep one another's addresses, with http://.
func (s *State) Certified() error {
	if len(s.Databases) == 0 || s.Certificates {
		return nil
	}
	return errors.New("the stack's database was founded without certificates, by an older version of this program, and its servers " +
		"cannot begin to use them while they run. Nothing has changed. Take a backup with the version that made the stack, make a " +
		"new stack with this one, and restore the backup there: see docs/certificates.md")
}
