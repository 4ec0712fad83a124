-- The contacts process reads the orders that it hands over (0049).
grant select on contacts.case_order to tachowatt_contacts;
