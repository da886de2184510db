// Package software models the programs inside containers as far as others depend on them: what they need to start,
// which ports they open, what their HTTP interfaces answer, and when they give up.
//
// A model is recognised by its image's repository and by the command it is given, never by names of a particular
// deployment. It reads its flags, environment and files as the real program does, and it reaches its peers only through
// the Network it is handed; so a missing firewall, policy, name or file has the effect that it has in production.
//
// The durations of the real software (a start, a bootstrap, a shutdown) are divided by Process.Pace, but for those that
// others measure theirs by: the election that follows a lost leader, how long TiDB tries meanwhile, and a client's
// time-outs are as long as in production.
//
// The database. PD's members elect a leader among those that reach each other, if they are a majority. The stores have
// Raft groups: one for each store, which stands for the regions that it leads when all is well, with as many replicas as
// PD says. A group without its leader elects another from the replicas that a majority follows. A statement needs a
// timestamp from PD's leader and every group's leader, and hangs until it has them or TiDB gives it up. What is left out:
// a leader that lost its majority stops at once, where the real one reads on for the rest of its lease; and replicas are
// copied in no time.
//
// Shell scripts
// are interpreted for real, on a file system of their own, with models of the commands that they call.
package software
