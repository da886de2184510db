package cloud

import "time"

// Object is an object in a bucket of Cloud Storage.
type Object struct {
	Bucket  string    `json:"bucket"`
	Name    string    `json:"name"`
	Size    int       `json:"size"` // bytes
	Created time.Time `json:"created"`
}

// Workload is a pod as its machine's metadata server knows it.
type Workload struct {
	NodePool       string // the ID of the machine's pool
	Namespace      string
	ServiceAccount string
	// Email is the ServiceAccount's annotation iam.gke.io/gcp-service-account, empty without one.
	Email string
}

// Objects is Cloud Storage as pods use it: as members of the buckets' policies, such as
// serviceAccount:NAME@PROJECT.iam.gserviceaccount.com. Errors are those of Google's JSON API.
type Objects interface {
	// Member returns the member for which the metadata server gives a workload a token, or the server's error.
	Member(w Workload) (member string, err error)
	// InsertObject creates an object. Only who may delete objects may replace one.
	InsertObject(member, bucket, name string, content []byte) error
	// ReadObject returns an object's content.
	ReadObject(member, bucket, name string) ([]byte, error)
	// ListObjects returns the objects whose names have a prefix, ordered by name.
	ListObjects(member, bucket, prefix string) ([]Object, error)
}
