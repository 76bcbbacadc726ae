#!/bin/sh
# Makes the least role that the agent needs, and an account with it, in an Airflow whose accounts
# are kept by the FAB auth manager (Airflow 2, and 3 with apache-airflow-providers-fab).
# Run where `airflow` runs:  WOA_PASSWORD=... sh role.sh
# With the simple auth manager of Airflow 3 there are no roles of one's own: take `viewer`, as in
#   [core] simple_auth_manager_users = woa:viewer
set -eu
: "${WOA_PASSWORD:?set WOA_PASSWORD to the new account\'s password}"

airflow roles create woa_read
airflow roles add-perms woa_read -a can_read -r \
  Pools Jobs DAGs "DAG Runs" "Task Instances" ImportError Website
airflow users create -r woa_read -u woa -p "$WOA_PASSWORD" -f Workflow -l Analytics \
  -e woa@example.invalid
