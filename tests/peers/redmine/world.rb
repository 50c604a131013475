# What the test finds: a project of the project flow, who may edit its issues, and who opens one. Their keys are the last
# line of what is printed.
def person(login, firstname, lastname)
  user = User.new(firstname: firstname, lastname: lastname, mail: "#{login}@ekvik.example", language: "en")
  user.login = login
  user.password = user.password_confirmation = SecureRandom.hex
  user.save!
  user.pref.update!(hide_mail: false)
  user
end

Redmine::DefaultData::Loader.load("en")
Setting.rest_api_enabled = "1"
Setting.login_required = "1"
flode = person("flode", "Flöde", "Tjänst")
sigrid = person("sigrid.ek", "Sigrid", "Ek")
trackers = Tracker.all
projekt = Project.create!(name: "Projekt", identifier: "projekt", enabled_module_names: ["issue_tracking"], trackers: trackers)
Member.create!(project: projekt, principal: flode, roles: [Role.find_by!(name: "Manager")])
Member.create!(project: projekt, principal: sigrid, roles: [Role.find_by!(name: "Reporter")])
puts JSON.generate(flode: flode.api_key, sigrid: sigrid.api_key)
