package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Rclone are rclone's settings: the remote :gcs: is Cloud Storage, with the pod's own identity and no wish to create
// buckets or lists of access, and there is no configuration file.
func Rclone() corev1.EnvVarArray {
	return corev1.EnvVarArray{
		Env("RCLONE_CONFIG", pulumi.String("/tmp/rclone.conf")),
		Env("RCLONE_GCS_ENV_AUTH", pulumi.String("true")),
		Env("RCLONE_GCS_BUCKET_POLICY_ONLY", pulumi.String("true")),
		Env("RCLONE_GCS_NO_CHECK_BUCKET", pulumi.String("true")),
	}
}
