// Recover repairs a stack's state after an update was killed: its machine lost power, its CI job was cancelled.
//
// The engine records what it is about to create, but a killed engine never records the answer. The next update would
// create such a resource again, under another automatic name, and leave the first one behind: billed, and unknown to
// the stack. `pulumi refresh` clears interrupted updates and deletions by itself; for creations it asks a person for
// the IDs. The IDs follow from the recorded inputs, so recover
//
//  1. releases the lock that the killed update holds (pulumi cancel),
//  2. adds every interrupted creation to the state, under the ID that it has if it succeeded,
//  3. refreshes just those resources, and those whose update or deletion was interrupted, to drop what does not exist,
//  4. marks what takes Google minutes to create as unfinished, so that the next update waits for it.
//
// After that `pulumi up`, or `pulumi destroy`, continues where the killed one stopped.
//
//	go run ./tools/recover [--stack NAME] [--config-file FILE]
//
// Do not run it while an update is in progress.
package main
