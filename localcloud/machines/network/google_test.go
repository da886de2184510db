package network

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/google"
	"geo-wordpress/localcloud/machines/vpc"
)

// facts are a cloud with a NAT or without, whose objects belong to one workload.
type facts struct {
	cloud.Facts
	internet bool
	written  []string
}

func (f *facts) Internet(string) bool { return f.internet }

func (f *facts) Member(w cloud.Workload) (string, error) { return w.Namespace + "/" + w.Email, nil }

func (f *facts) InsertObject(member, bucket, name string, content []byte) error {
	f.written = append(f.written, member+" "+bucket+" "+name+" "+string(content))
	return nil
}

type pod struct{ *corev1.Pod }

func (p pod) Place() vpc.Place { return vpc.Place{Cluster: "c", Node: "n", Pod: p.Pod} }

func (p pod) Up() bool { return true }

func (p pod) Listener(int, bool) software.Program { return nil }

func (p pod) Count(string)             {}
func (p pod) Workload() cloud.Workload { return cloud.Workload{Namespace: p.Namespace, Email: "e"} }

// A pod reaches the metadata server on its machine, and Cloud Storage by the cluster's NAT.
func TestAPodWritesToABucket(t *testing.T) {
	f := &facts{internet: true}
	p := pod{&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}, Spec: corev1.PodSpec{NodeName: "n"},
		Status: corev1.PodStatus{PodIP: "10.1.0.2"}}}
	n := New(func() cloud.Facts { return f }, func(string, *corev1.Pod) Pod { return nil })
	n.Update([]vpc.Cluster{{Cluster: cloud.Cluster{ID: "c", Name: "c", DNSDomain: "c.test"}, Pods: []*corev1.Pod{p.Pod},
		Nodes: []vpc.Node{{Name: "n", IP: netip.MustParseAddr("10.0.0.2")}}}}, cloud.Failures{})
	bucket := google.Bucket{Network: n.From(p), Name: "b"}
	require.NoError(t, bucket.Insert("a/b c", []byte("x")))
	require.Equal(t, []string{"ns/e b a/b c x"}, f.written)
	other, err := n.From(p).Dial("example.com", 443)
	require.NoError(t, err)
	require.Nil(t, other.Program)

	f.internet = false
	require.ErrorContains(t, bucket.Insert("late", nil), "has no way to the Internet")
}
