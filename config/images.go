package config

import "regexp"

// imageForm is an image reference of the distribution project: an optional registry, a lower-case path, a tag, a
// digest. Groups: name, tag, digest.
var imageForm = func() *regexp.Regexp {
	const (
		label     = `(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
		registry  = `(?:` + label + `(?:\.` + label + `)+(?::[0-9]{1,5})?|` + label + `:[0-9]{1,5}|localhost)`
		component = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
		name      = `(?:` + registry + `/)?` + component + `(?:/` + component + `)*`
		tag       = `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`
		digest    = `sha256:[0-9a-f]{64}`
	)
	return regexp.MustCompile(`^(` + name + `)(?::(` + tag + `))?(?:@(` + digest + `))?$`)
}()

// checkImage returns what is wrong with an image reference, or nothing. Without a tag or digest, the image changes by
// itself and differs between regions.
func checkImage(reference string) string {
	parts := imageForm.FindStringSubmatch(reference)
	switch {
	case parts == nil || len(parts[1]) > 255:
		return "must be an image reference in lower case with a tag or a sha256 digest, such as docker.io/pingcap/pd:v8.5.7"
	case parts[2] == "" && parts[3] == "":
		return "needs a tag or a sha256 digest, such as " + parts[1] + ":1.2.3"
	case parts[2] == "latest" && parts[3] == "":
		return "the tag latest moves: name a release, such as " + parts[1] + ":1.2.3"
	}
	return ""
}
