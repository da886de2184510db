// Package software models the programs inside containers as far as others depend on them: what they need to start,
// which ports they open, what their HTTP interfaces answer, and when they give up.
//
// A model is recognised by its image's repository and by the command it is given, never by names of a particular
// deployment. It reads its flags, environment and files as the real program does, and it reaches its peers only through
// the Network it is handed; so a missing firewall, policy, name or file has the effect that it has in production.
//
// The durations of the real software (an election, a bootstrap, a time-out) are divided by Process.Pace. Shell scripts
// are interpreted for real, on a file system of their own, with models of the commands that they call.
package software
