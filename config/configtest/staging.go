package configtest

var stagingRows = []row{
	{name: "staging that sends mail", set: set{"staging": "true", "mail": relay("")},
		want: want("staging", "true: and mail is set, but a staging site sends no mail")},
	{name: "staging that is no boolean", set: set{"staging": "yes"}, want: want("staging", `"yes": must be true or false`)},
}
