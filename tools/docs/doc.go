// Command docs writes docs/configuration.md, the reference of every configuration key, from Pulumi.yaml. Its tests check that
// the committed page is current, that every link and anchor in the repository's Markdown leads somewhere, and that the index
// docs/README.md lists every page.
//
//	docs DIRECTORY-OF-THE-REPOSITORY
package main
