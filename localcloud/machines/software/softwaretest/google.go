package softwaretest

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software/google"
)

// Buckets are objects by bucket/name. It implements cloud.Objects without any rights.
type Buckets struct {
	Objects map[string][]byte
	// Denied is an error of every request for a token, if set.
	Denied error
}

// Google places Google's servers with one bucket.
func (w *World) Google(bucket string) *Buckets {
	b := &Buckets{Objects: map[string][]byte{bucket + "/": nil}}
	for _, name := range []string{google.Metadata, google.Storage} {
		w.Hosts[name] = &Host{name: name, Program: &google.Server{Objects: b}}
	}
	return b
}

// Names lists the names of all objects, in order.
func (b *Buckets) Names(bucket string) (names []string) {
	for _, key := range slices.Sorted(maps.Keys(b.Objects)) {
		if name, ok := strings.CutPrefix(key, bucket+"/"); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Member implements cloud.Objects.
func (b *Buckets) Member(cloud.Workload) (string, error) { return "serviceAccount:test", b.Denied }

func (b *Buckets) exists(bucket string) error {
	if _, ok := b.Objects[bucket+"/"]; !ok {
		return errors.New("googleapi: Error 404: The specified bucket does not exist., notFound")
	}
	return nil
}

// InsertObject implements cloud.Objects.
func (b *Buckets) InsertObject(_, bucket, name string, content []byte) error {
	if err := b.exists(bucket); err != nil {
		return err
	}
	b.Objects[bucket+"/"+name] = content
	return nil
}

// ReadObject implements cloud.Objects.
func (b *Buckets) ReadObject(_, bucket, name string) ([]byte, error) {
	content, ok := b.Objects[bucket+"/"+name]
	if !ok || name == "" {
		return nil, errors.Join(b.exists(bucket), errors.New("googleapi: Error 404: No such object: "+bucket+"/"+name+", notFound"))
	}
	return content, nil
}

// ListObjects implements cloud.Objects.
func (b *Buckets) ListObjects(_, bucket, prefix string) (found []cloud.Object, err error) {
	for _, name := range b.Names(bucket) {
		if strings.HasPrefix(name, prefix) {
			found = append(found, cloud.Object{Bucket: bucket, Name: name, Size: len(b.Objects[bucket+"/"+name])})
		}
	}
	return found, b.exists(bucket)
}
