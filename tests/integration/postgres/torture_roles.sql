-- Roles that the torture database names: owners, grantees, members of each other. Once per server, any number of times.
SELECT format('CREATE ROLE %I %s', name, options)
FROM (VALUES ('torture_owner', 'NOLOGIN'),
             ('torture_reader', 'LOGIN NOINHERIT CONNECTION LIMIT 7'),
             ('torture_writer', 'LOGIN PASSWORD ''writer''''s secret'' VALID UNTIL ''2100-01-01'''),
             ('Odd "Role", with; signs', 'NOLOGIN CREATEDB')) AS wanted (name, options)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
GRANT torture_owner TO torture_writer WITH ADMIN OPTION;
GRANT torture_reader TO "Odd ""Role"", with; signs";
ALTER ROLE torture_reader SET statement_timeout = '1h';
