// Package software models the programs inside containers as far as others depend on them: what they need to start,
// which ports they open, what their HTTP interfaces answer, and when they give up.
//
// A program is recognised by its image's repository and its command, never by names of a particular deployment. Its
// model reads flags, environment and files as the real program does, and reaches its peers only through its Network. A
// missing firewall rule, policy, name or file therefore has the same effect as in production.
//
// The durations of the real software (a start, a bootstrap, a shutdown) are divided by Process.Pace, except those that
// other timeouts are measured against. The election after a lost leader, TiDB's retries during it, and PHP's timeouts
// in a web server are as long as in production.
//
// The database. PD's members elect a leader among those that are connected to a majority. The stores have one Raft
// group per store, for the regions that this store normally leads, with as many replicas as PD configures. A group that
// loses its leader elects a replica that is connected to a majority. A statement needs a timestamp from PD's leader,
// and the leader of every group; it hangs until it has them or TiDB gives up. Simplifications: a leader that loses its
// majority stops at once, where the real one serves reads until its lease ends; and copying a replica takes no time.
//
// Scripts. A real shell interpreter executes shell scripts, on the modelled file system of their container and with
// models of the commands that they call.
package software
