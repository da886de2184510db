package database

import (
	"fmt"
	"slices"

	"geo-wordpress/localcloud/machines/software"
)

// start starts etcd: from the log on the disk, or else as a founder or a new member of an existing cluster, by the
// configuration. It refuses what etcd and PD refuse. A member that joined and was killed before it had published itself
// knows no peer when it starts again, and waits for theirs to connect: until TCP gives up the connection to the machine
// that was lost, a quarter of an hour with Linux's settings. Here it waits for ever.
func (d *pd) start(network software.Network) error {
	switch {
	case d.load():
		if own := d.log.find(d.log.Own); own != nil && own.Name == "" {
			return nil
		}
	case d.existing:
		if err := d.joinExisting(network); err != nil {
			return err
		}
	default:
		log := founding(d.name, d.token, d.initial)
		for _, other := range d.remotes(network) {
			if m := other.log.find(log.Own); m != nil && len(m.ClientURLs) > 0 {
				return fmt.Errorf("start etcd failed: member %x has already been bootstrapped", log.Own)
			}
		}
		d.keep(log)
	}
	for _, other := range d.remotes(network) {
		if other.log.Cluster != d.log.Cluster {
			//lint:ignore ST1005 PD's own words
			return fmt.Errorf("Etcd cluster ID mismatch, expect %d, got %d", d.log.Cluster, other.log.Cluster)
		}
	}
	d.started = true
	return nil
}

// joinExisting starts a member that the cluster lists already. It must know exactly the members that the cluster lists.
func (d *pd) joinExisting(network software.Network) error {
	remotes := d.remotes(network)
	if len(remotes) == 0 {
		return fmt.Errorf("start etcd failed: cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs")
	}
	log := remotes[0].log
	if len(log.Members) != len(d.initial) {
		return fmt.Errorf("start etcd failed: error validating peerURLs: member count is unequal")
	}
	for _, m := range log.Members {
		i := slices.IndexFunc(d.initial, func(o member) bool { return o.PeerURLs[0] == m.PeerURLs[0] })
		if i < 0 {
			return fmt.Errorf("start etcd failed: error validating peerURLs: no match found for existing member (%x, %s)", m.ID, m.PeerURLs)
		}
		if d.initial[i].Name == d.name {
			log.Own = m.ID
		}
	}
	log.Members = slices.Clone(log.Members)
	d.keep(log)
	return nil
}

// remotes are the other members of the initial cluster that answer, in its order.
func (d *pd) remotes(network software.Network) (found []*pd) {
	for _, m := range d.initial {
		if m.Name == d.name {
			continue
		}
		if other, err := d.peerAt(network, m); err == nil && other.started && other.Exit() == nil {
			found = append(found, other)
		}
	}
	return found
}
