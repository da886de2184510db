// Package software defines what the models of the programs inside containers have in common: their inputs, their
// network, their files, and how they end. The packages below it model each program as far as others depend on it: what it
// needs to start, which ports it opens, what its HTTP interfaces answer, and when it gives up.
//
// A program is recognised by its image's repository and its command, never by names of a particular deployment. Its
// model reads flags, environment and files as the real program does, and reaches its peers only through its Network. A
// missing firewall rule, policy, name or file therefore has the same effect as in production.
//
// The durations of the real software (a start, a bootstrap, a shutdown) are divided by Process.Pace, except those that
// other timeouts are measured against. The election after a lost leader, TiDB's retries during it, and PHP's timeouts
// in a web server are as long as in production.
package software
