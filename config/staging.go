package config

// staging reads whether the site is a copy of another one, which sends no mail.
func (l *loader) staging(mail *Mail) bool {
	f := l.top("staging")
	staging := f.truth()
	if staging && mail != nil {
		f.fails("and mail is set, but a staging site sends no mail, since its users are another site's: remove one of them " +
			"(`pulumi config rm mail` and `pulumi config rm mailPassword`, or `pulumi config set staging false`)")
	}
	return staging
}
