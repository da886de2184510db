// Package googlecloud states facts about Google Cloud: its regions and zones, its machine types, what GKE keeps of a
// machine, and the forms of names. The program checks its configuration with them, and the local cloud behaves by them.
package googlecloud
