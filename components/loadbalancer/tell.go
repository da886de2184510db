package loadbalancer

import "fmt"

// tell says what the names wait for. zone is the stack's, empty for none.
func (n names) tell(zone string) (all []string) {
	if n.wanted != n.home {
		at := "the load balancer's address"
		if n.home != "" {
			at = "https://" + n.home
		}
		why := fmt.Sprintf("no certificate for %s was issued when the state was last read", n.wanted)
		if n.issued(n.wanted) {
			why = fmt.Sprintf("no update has ended yet after which every region answers to https://%s. This one does so; "+
				"then run `pulumi up` again", n.wanted)
		}
		all = append(all, fmt.Sprintf("The site stays at %s, because %s.", at, why))
	}
	for _, host := range n.served {
		failure, failed := n.last.Failed[host]
		switch {
		case failed:
			reason := ""
			if failure.Reason != "" {
				reason = " (" + failure.Reason + ")"
			}
			all = append(all, fmt.Sprintf("Google has given up the certificate for %s%s, and does not try again. Correct the name's records, "+
				"then make the certificate anew: pulumi up --replace '%s'. See docs/domain.md.", host, reason, failure.URN))
		case n.waiting(host):
			do := "Set its records, which `pulumi stack output dns_records` lists, and wait some minutes"
			if zone != "" {
				do = fmt.Sprintf("Its record is in the zone %s; wait some minutes", zone)
			}
			all = append(all, fmt.Sprintf("The certificate for %s is awaited. %s; then run `pulumi refresh` and `pulumi up`: "+
				"docs/domain.md.", host, do))
		}
	}
	return all
}
