// Command doctor checks, before anything is made, whether a stack can be deployed: tools, configuration, credentials,
// project, APIs, roles, machines, quotas and addresses. It prints a line for each check, and a remedy below each that fails. It
// changes nothing.
//
//	doctor [--stack STACK] [--json]
//
// The exit status is 1 if a check fails. A check that needs one that failed is skipped, and says so.
//
// It calls Google's APIs by plain HTTP. The generated clients (google.golang.org/api) take half a minute to compile, and it
// needs ten calls.
package main
