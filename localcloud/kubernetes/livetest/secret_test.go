package livetest

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	secretKind = "core/v1:Secret"
	password   = "correct-horse-battery-staple"
)

func requireHidden(t *testing.T, maps ...resource.PropertyMap) {
	t.Helper()
	for _, m := range maps {
		text := plain(m)
		require.NotContains(t, text, password)
		require.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(password)))
	}
}

// A Secret's contents are secret in inputs, outputs and after a refresh, even if the program did not say so.
func TestSecretsAreSecret(t *testing.T) {
	for name, inputs := range map[string]properties{
		"stringData": {"stringData": properties{"p": password}},
		"data":       {"data": properties{"p": base64.StdEncoding.EncodeToString([]byte(password))}},
	} {
		t.Run(name, func(t *testing.T) {
			ns, e := namespace(t), connect(t)
			inputs["metadata"] = properties{"namespace": ns, "name": "s"}
			r := e.create(secretKind, "s", inputs)
			require.Equal(t, base64.StdEncoding.EncodeToString([]byte(password)), at(r.outputs, "data.p"))
			requireHidden(t, r.inputs, r.outputs)

			require.True(t, e.refresh(r))
			requireHidden(t, r.inputs, r.outputs)
			d, _ := e.diff(r, inputs)
			require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

			imported := &custom{urn: r.urn, id: r.id}
			require.True(t, e.refresh(imported))
			requireHidden(t, imported.inputs, imported.outputs)

			// kubectl apply leaves the manifest in an annotation.
			secrets := configMaps
			secrets.Resource = "secrets"
			patch(t, secrets, ns, "s", "kubectl", `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"`+
				password+`"}}}`)
			require.True(t, e.refresh(r))
			requireHidden(t, r.inputs, r.outputs)

			// Somebody changed it: that is drift, and it is hidden as well.
			patch(t, secrets, ns, "s", "someone", `{"data":{"p":"`+base64.StdEncoding.EncodeToString([]byte(password+"!"))+`"}}`)
			require.True(t, e.refresh(r))
			requireHidden(t, r.inputs, r.outputs)
			d, _ = e.diff(r, inputs)
			require.Equal(t, []resource.PropertyKey{resource.PropertyKey(name + ".p")}, d.ReplaceKeys)
		})
	}
}

// What was removed from stringData is removed from the Secret.
func TestSecretMutable(t *testing.T) {
	ns, e := namespace(t), connect(t, properties{"enableSecretMutable": "true"})
	inputs := properties{
		"metadata": properties{"namespace": ns, "name": "s"}, "stringData": properties{"p": password, "q": "other"},
	}
	r := e.create(secretKind, "s", inputs)
	inputs["stringData"] = properties{"p": password}
	d, _ := e.diff(r, inputs)
	require.Equal(t, plugin.DiffSome, d.Changes)
	require.Empty(t, d.ReplaceKeys)
	e.update(r, inputs)
	require.Nil(t, at(r.outputs, "data.q"))
	require.NotNil(t, at(r.outputs, "data.p"))
	requireHidden(t, r.inputs, r.outputs)
}

// What came from a secret input is a secret output, be the object what it may, ready or not.
func TestSecretInputs(t *testing.T) {
	ns, e := namespace(t), connect(t)
	secret := resource.MakeSecret(resource.NewStringProperty(password))
	r := e.create(configMapKind, "c", properties{
		"metadata": properties{"namespace": ns, "name": "c", "annotations": properties{"note": secret}},
		"data":     properties{"k": secret, "open": "yes"},
	})
	requireHidden(t, r.inputs, r.outputs)
	require.Contains(t, plain(r.outputs), "open: yes")
	require.True(t, e.refresh(r))
	requireHidden(t, r.inputs, r.outputs)

	// The state of a resource that failed is state, too; and what is told of it quotes no secret.
	kubelet(t, ns, func(pod *corev1.Pod) *corev1.PodStatus {
		s := unready(pod)
		s.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: "CreateContainerError", Message: "cannot log in with " + password,
		}}
		return s
	})
	pod := podSpec("a:1", properties{"name": "PASSWORD", "value": secret})
	r, err := e.tryCreate(deploymentKind, "d", workload(ns, "d", 1, pod), 8)
	text := join(reasonsOf(t, err))
	require.Contains(t, text, "cannot log in with [secret]")
	require.NotContains(t, text, password)
	requireHidden(t, r.inputs, r.outputs)
	require.Contains(t, e.statuses.String(), "[secret]")
	require.NotContains(t, e.statuses.String()+e.messages.String(), password)
}

// An API server's refusal may quote what it refuses.
func TestErrorsQuoteNoSecret(t *testing.T) {
	ns, e := namespace(t), connect(t)
	secret := resource.MakeSecret(resource.NewStringProperty(password + "/*"))
	_, err := e.tryCreate(configMapKind, "c", properties{
		"metadata": properties{"namespace": ns, "name": "c", "labels": properties{"l": secret}},
	}, 5)
	require.ErrorContains(t, err, "metadata.labels")
	require.ErrorContains(t, err, "[secret]")
	require.NotContains(t, err.Error(), password)
}
