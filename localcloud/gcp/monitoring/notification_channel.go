package monitoring

import (
	"net/mail"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const channelCollection = "notificationChannels"

func notificationChannel() *api.Kind {
	return &api.Kind{
		Token: "gcp:monitoring/notificationChannel:NotificationChannel", Title: "NotificationChannel", Noun: "notification_channel",
		Service: api.Monitoring,
		Fields: schema.Fields{
			"description": schema.String(),
			"displayName": schema.String(),
			"enabled":     schema.Bool(schema.Default(true)),
			"forceDelete": schema.Bool(schema.Default(false)),
			"labels":      schema.MapOf(schema.String(), schema.Required),
			"type":        schema.String(schema.Required, schema.Only("email", "nothing sends")),
			"userLabels":  userLabels(),
		},
		Outputs: []string{"name", "verificationStatus"},
		ID:      assigned(channelCollection),
		Admit: func(_ *api.Tx, r, _ *api.Record) error {
			labels, _ := r.Outputs["labels"].(map[string]any)
			for name := range labels {
				if name != "email_address" {
					return invalid("notification_channel.labels['"+name+"']", name, "The label is not in the descriptor of type 'email'.")
				}
			}
			address, _ := labels["email_address"].(string)
			if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
				return invalid("notification_channel.labels['email_address']", address, "Invalid email address.")
			}
			r.Outputs.Fill("name", r.ID)
			return checkLabels(r.Outputs)
		},
		Guard: func(t *api.Tx, r *api.Record) error {
			for _, policy := range t.All(alertType) {
				for _, id := range policy.Outputs.Strs("notificationChannels") {
					if id == r.ID && !r.Outputs.Flag("forceDelete") {
						return api.BadRequest("Cannot delete notification channel '%s', because it is referenced by alert policy '%s'. "+
							"Set force to delete it anyway.", r.ID, policy.ID)
					}
				}
			}
			return nil
		},
	}
}
