package shell

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/google"
)

// Rclone's exit codes (https://rclone.org/docs/#exit-code).
const (
	rcloneError       = 1
	rcloneNoDirectory = 3
)

// clientPause is how long a client tries a server that does not answer.
const clientPause = clientTimeout

// inBucket does something with a bucket, and pauses if a server does not answer.
func (c *call) inBucket(name string, do func(google.Bucket) error) (err error) {
	c.outside(func(network software.Network) { err = do(google.Bucket{Network: network, Name: name}) })
	if software.TimedOut(err) {
		_ = c.sleepPaced(clientPause)
	}
	return err
}

// rclone models lsf, size, cat, rcat and copyto for remotes of Cloud Storage without a configuration: ":gcs:BUCKET/PATH".
func rclone(c *call) int {
	args, err := long(c.operands, []string{"include"}, []string{"recursive", "R", "files-only", "json", "gcs-env-auth", "gcs-bucket-policy-only", "gcs-no-check-bucket"})
	if err == nil && len(args.operands) < 2 {
		err = fmt.Errorf("the model needs a command and a remote")
	}
	if err != nil {
		c.process.Log("rclone: %v", err)
		return rcloneError
	}
	verb, operands := args.operands[0], args.operands[1:]
	if !args.has("gcs-env-auth") && c.env["RCLONE_GCS_ENV_AUTH"] != "true" {
		err = fmt.Errorf("failed to create file system for %q: couldn't configure Google Cloud Storage OAuth client: empty token found", operands[0])
	} else {
		switch {
		case verb == "lsf" && len(operands) == 1:
			err = c.lsf(operands[0], args)
		case verb == "size" && len(operands) == 1 && args.has("json"):
			err = c.remoteSize(operands[0], args)
		case verb == "cat" && len(operands) == 1:
			err = c.remoteCat(operands[0])
		case verb == "rcat" && len(operands) == 1:
			err = c.put(operands[0], c.input(), args)
		case verb == "copyto" && len(operands) == 2:
			err = c.copyto(operands[0], operands[1], args)
		default:
			err = fmt.Errorf("unknown command %q with %d operands: the model has no such command", verb, len(operands))
		}
	}
	if err == nil {
		return 0
	}
	c.process.Log("ERROR : rclone: Failed to %s: %v", verb, err)
	if strings.Contains(err.Error(), "The specified bucket does not exist") {
		return rcloneNoDirectory
	}
	return rcloneError
}

// remote splits a remote into its bucket and the path in it.
func remote(name string) (bucket, inside string, err error) {
	rest, ok := strings.CutPrefix(name, ":gcs:")
	bucket, inside, _ = strings.Cut(strings.Trim(rest, "/"), "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q: the model's remotes are :gcs:BUCKET/PATH", name)
	}
	return bucket, inside, nil
}

func (c *call) lsf(name string, args arguments) error {
	if !args.has("recursive") && !args.has("R") || !args.has("files-only") {
		return fmt.Errorf("the model lists only with --recursive and --files-only")
	}
	found, err := c.included(name, args)
	for _, object := range found {
		fmt.Fprintln(c.out, object.Name)
	}
	return err
}

// remoteSize prints the number of the objects and their sum of bytes.
func (c *call) remoteSize(name string, args arguments) error {
	found, err := c.included(name, args)
	bytes := 0
	for _, object := range found {
		bytes += object.Size
	}
	if err == nil {
		fmt.Fprintf(c.out, `{"count":%d,"bytes":%d,"sizeless":0}`+"\n", len(found), bytes)
	}
	return err
}

// included are the objects of a remote that --include fits, by their names in it.
func (c *call) included(name string, args arguments) (found []google.Object, err error) {
	bucket, inside, err := remote(name)
	if err != nil {
		return nil, err
	}
	if inside != "" {
		inside += "/"
	}
	include, anchored := strings.CutPrefix(args.last("include"), "/")
	if args.has("include") && !anchored {
		return nil, fmt.Errorf("the model's patterns begin with a slash")
	}
	err = c.inBucket(bucket, func(b google.Bucket) error {
		all, err := b.List(inside)
		for _, object := range all {
			object.Name = strings.TrimPrefix(object.Name, inside)
			if include == "" || pattern(include).MatchString(object.Name) {
				found = append(found, object)
			}
		}
		return err
	})
	return found, err
}

// pattern converts one of rclone's patterns (https://rclone.org/filtering/#patterns): *, ** and {a,b}.
func pattern(include string) *regexp.Regexp {
	text := strings.NewReplacer("**", ".*", "*", "[^/]*", "{", "(", "}", ")", ",", "|", ".", `\.`).Replace(include)
	return regexp.MustCompile("^" + text + "$")
}

// remoteCat prints an object. If it cannot be read, rclone takes its name for a directory's, and prints all in it.
func (c *call) remoteCat(name string) error {
	bucket, inside, err := remote(name)
	if err != nil {
		return err
	}
	var all []byte
	err = c.inBucket(bucket, func(b google.Bucket) (err error) {
		if all, err = b.Read(inside); err == nil || software.TimedOut(err) {
			return err
		}
		found, err := b.List(inside + "/")
		for _, object := range found {
			content, failed := b.Read(object.Name)
			all, err = append(all, content...), cmp.Or(err, failed)
		}
		return err
	})
	if err == nil {
		_, err = c.out.Write(all)
	}
	return err
}

// put writes an object.
func (c *call) put(name string, content []byte, args arguments) error {
	bucket, inside, err := remote(name)
	if err != nil {
		return err
	}
	if !args.has("gcs-bucket-policy-only") && c.env["RCLONE_GCS_BUCKET_POLICY_ONLY"] != "true" {
		return fmt.Errorf("googleapi: Error 400: Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. " +
			"Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access, invalid")
	}
	return c.inBucket(bucket, func(b google.Bucket) error { return b.Insert(inside, content) })
}

// copyto copies a file to an object, or an object to a file.
func (c *call) copyto(from, to string, args arguments) error {
	if strings.HasPrefix(to, ":") {
		content, err := c.process.Files.Read(c.absolute(from))
		if err != nil {
			return err
		}
		return c.put(to, content, args)
	}
	bucket, inside, err := remote(from)
	if err != nil {
		return err
	}
	return c.inBucket(bucket, func(b google.Bucket) error {
		content, err := b.Read(inside)
		if err != nil {
			return err
		}
		return c.process.Files.Write(c.absolute(to), content)
	})
}
