// Recover mends a stack's state after an update that was killed: its machine lost power, its CI job was cancelled.
//
// The engine writes down what it is about to create, but not the answer that it never got. The next update would create
// such a resource once more, under another automatic name, and leave the first behind: billed, and unknown to the
// stack. `pulumi refresh` clears interrupted updates and deletions by itself; for creations it asks a person for the
// IDs. These follow from the inputs that the engine wrote down, so recover
//
//  1. releases the lock that the killed update holds (pulumi cancel),
//  2. takes every interrupted creation into the state under the ID that it has if it came about,
//  3. refreshes just those resources, and those whose update or deletion was interrupted: what did not come about goes,
//  4. marks what Google takes minutes to make as unfinished, so that the next update waits for it.
//
// After that `pulumi up`, or `pulumi destroy`, goes on where the killed one was.
//
//	go run ./tools/recover [--stack NAME] [--config-file FILE]
//
// It must not be run while an update is under way.
package main
