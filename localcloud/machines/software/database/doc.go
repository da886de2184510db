// Package database models the Placement Driver (PD), TiKV and TiDB.
//
// PD's members elect a leader among those that are connected to a majority. The stores have one Raft group per store, for
// the regions that this store normally leads, with as many replicas as PD configures. A group that loses its leader
// elects a replica that is connected to a majority. A statement needs a timestamp from PD's leader, and the leader of
// every group; it hangs until it has them or TiDB gives up.
//
// Simplifications: a leader that loses its majority stops at once, where the real one serves reads until its lease ends;
// and a group copies all its new replicas at once, in ten seconds.
package database
