package scim

// userSchema is the core User of RFC 7643 section 4.1.
var userSchema = &Schema{
	URN: URNUser, Name: "User", Description: "A person of the workspace.",
	Attributes: []*Attribute{
		text(10, "userName", "The account e-mail: what the person signs in with. Unique in the workspace in any letter case.", required, unique, maxLen(320)),
		complexAttr(11, "name", "The parts of the person's name.", []*Attribute{
			text(1, "formatted", "The full name for display."),
			text(2, "familyName", "The family name."),
			text(3, "givenName", "The given name."),
			text(4, "middleName", "The middle names."),
			text(5, "honorificPrefix", "Titles before the name."),
			text(6, "honorificSuffix", "Titles behind the name."),
		}),
		text(12, "displayName", "The name to show."),
		text(13, "nickName", "What the person is called."),
		text(14, "profileUrl", "A page about the person.", refers("external")),
		text(15, "title", "The job title."),
		text(16, "userType", "How the organisation relates to the person."),
		text(17, "preferredLanguage", "The language to write to the person in, as in Accept-Language."),
		text(18, "locale", "How to format numbers and dates, a BCP 47 tag."),
		text(19, "timezone", "The time zone, an IANA name such as Europe/Berlin."),
		boolean(20, "active", "Whether the person may use the workspace; an active member takes a seat."),
		text(21, "password", "Accepted and dropped: people sign in through SSO.", func(a *Attribute) {
			a.Mutability, a.Returned, a.CaseExact = WriteOnly, ReturnedNever, true
		}),
		plural(22, "emails", "E-mail addresses.", TypeString, []string{"work", "home", "other"}),
		plural(23, "phoneNumbers", "Telephone numbers.", TypeString, []string{"work", "home", "mobile", "fax", "pager", "other"}),
		plural(24, "ims", "Instant messaging addresses.", TypeString, []string{"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"}),
		plural(25, "photos", "Pictures of the person, by URL.", TypeReference, []string{"photo", "thumbnail"}),
		complexAttr(26, "addresses", "Postal addresses.", []*Attribute{
			text(1, "formatted", "The whole address for display."),
			text(2, "streetAddress", "Street and number."),
			text(3, "locality", "City."),
			text(4, "region", "State or region."),
			text(5, "postalCode", "Postal code."),
			text(6, "country", "Country, ISO 3166-1 alpha-2."),
			text(7, "type", "What the address is for.", canonical("work", "home", "other")),
			boolean(8, "primary", "Whether this is the preferred address; true at most once."),
		}, multi),
		complexAttr(27, "groups", "The groups that the person is in.", []*Attribute{
			text(1, "value", "The group's id.", exact, readOnly),
			text(2, "$ref", "The group's URL.", refers("Group"), readOnly),
			text(3, "display", "The group's displayName.", readOnly),
			text(4, "type", "Always direct: groups do not nest.", canonical("direct"), readOnly),
		}, multi, readOnly, derived),
		plural(28, "entitlements", "Entitlements.", TypeString, nil),
		plural(29, "roles", "Roles of the workspace, by name.", TypeString, nil, completed),
		plural(30, "x509Certificates", "Certificates, DER in base64.", TypeBinary, nil),
	},
}

// enterpriseSchema is the enterprise User of RFC 7643 section 4.3.
var enterpriseSchema = &Schema{
	URN: URNEnterprise, Name: "EnterpriseUser", Description: "What an organisation knows of a person.",
	Attributes: []*Attribute{
		text(1, "employeeNumber", "The personnel number."),
		text(2, "costCenter", "The cost centre."),
		text(3, "organization", "The organisation."),
		text(4, "division", "The division."),
		text(5, "department", "The department."),
		complexAttr(6, "manager", "The person's manager.", []*Attribute{
			text(1, "value", "The manager's id.", exact),
			text(2, "$ref", "The manager's URL.", refers("User")),
			text(3, "displayName", "The manager's displayName.", readOnly),
		}, completed),
	},
}

// rosterdUserSchema is our extension of the User (product.md section 3).
var rosterdUserSchema = &Schema{
	URN: URNRosterdUser, Name: "RosterdUser", Description: "Role, teams and seat of a person in the workspace.",
	Attributes: []*Attribute{
		text(1, "role", "A role of the workspace, by name; sets the membership.", completed),
		text(2, "teams", "Teams, by name; sets the memberships and creates unknown teams.", multi, completed),
		text(3, "absenceRegion", "The region whose public holidays apply."),
		text(4, "kind", "member or external.", readOnly, derived, canonical("member", "external"), closed),
		boolean(5, "managed", "Whether an identity provider writes this person.", readOnly, derived),
		attr(6, "lastSync", TypeDateTime, "When an identity provider last wrote or confirmed the person.", readOnly, derived),
		text(7, "effectiveRole", "The role that counts.", readOnly, derived),
		complexAttr(8, "seat", "The person's licence seat.", []*Attribute{
			text(1, "state", "seated, waiting or none.", readOnly, canonical("seated", "waiting", "none"), closed),
			text(2, "source", "purchased or booked.", readOnly, canonical("purchased", "booked"), closed),
			attr(3, "since", TypeDateTime, "Since when.", readOnly),
			text(4, "invoice", "The number of the invoice that billed the seat.", readOnly),
		}, readOnly, derived),
	},
}

// User is the resource type of people.
var User = newUser()

func newUser() *ResourceType {
	schemas, id, externalID, meta := common()
	rt := &ResourceType{
		Name: "User", Plural: "Users", Endpoint: "/Users", Description: "People.",
		Core: userSchema, Extensions: []*Schema{enterpriseSchema, rosterdUserSchema},
		Attributes: []*Attribute{schemas, id, externalID},
	}
	rt.Attributes = append(append(rt.Attributes, userSchema.Attributes...), meta,
		extension(numEnterprise, enterpriseSchema), extension(numRosterd, rosterdUserSchema))
	return rt.finish()
}

// Attributes of the User that have a meaning to the workspace.
var (
	UserSchemas     = pick(User.Attributes, "schemas")
	UserID          = pick(User.Attributes, "id")
	UserExternalID  = pick(User.Attributes, "externalId")
	UserMeta        = pick(User.Attributes, "meta")
	UserUserName    = pick(User.Attributes, "userName")
	UserName        = pick(User.Attributes, "name")
	UserDisplayName = pick(User.Attributes, "displayName")
	UserActive      = pick(User.Attributes, "active")
	UserLanguage    = pick(User.Attributes, "preferredLanguage")
	UserTimezone    = pick(User.Attributes, "timezone")
	UserEmails      = pick(User.Attributes, "emails")
	UserGroups      = pick(User.Attributes, "groups")
	UserRoles       = pick(User.Attributes, "roles")
	UserPassword    = pick(User.Attributes, "password")
	UserEnterprise  = pick(User.Attributes, URNEnterprise) // the extension as a whole
	UserManager     = pick(enterpriseSchema.Attributes, "manager")
	ManagerValue    = pick(UserManager.Sub, "value")
	UserExt         = pick(User.Attributes, URNRosterdUser) // the extension as a whole
	ExtRole         = pick(rosterdUserSchema.Attributes, "role")
	ExtTeams        = pick(rosterdUserSchema.Attributes, "teams")
	ExtKind         = pick(rosterdUserSchema.Attributes, "kind")
	ExtManaged      = pick(rosterdUserSchema.Attributes, "managed")
	ExtLastSync     = pick(rosterdUserSchema.Attributes, "lastSync")
	ExtRoleInForce  = pick(rosterdUserSchema.Attributes, "effectiveRole")
	ExtSeat         = pick(rosterdUserSchema.Attributes, "seat")
)
