"""Identity, valid in time: device, vehicle or meter, contract, customer."""
